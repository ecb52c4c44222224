# readback's image: the files that scripts/image-build.sh lays out, on a small base. The bases are arguments:
#   docker build -t readback:0.1.0 .
#   docker build --build-arg BUILD_IMAGE=my/rust:1.95 --build-arg RUN_IMAGE=my/debian:12 .
# RUN_IMAGE needs glibc and libgcc no older than those of BUILD_IMAGE.
ARG BUILD_IMAGE=rust:1.95-bookworm
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY . .
RUN scripts/image-build.sh /rootfs

FROM ${RUN_IMAGE}
# The user is no one, and can write nowhere but here: a volume for the database, which is a file in the working directory.
COPY --from=build --chown=65532:65532 /rootfs/var/lib/readback /var/lib/readback
COPY --from=build /rootfs/etc /etc
COPY --from=build /rootfs/usr /usr
USER 65532:65532
WORKDIR /var/lib/readback
EXPOSE 3000
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/readback"]
CMD ["serve"]

//! Image references, as far as the local cluster inspects them.

/// The tag of an image, empty if it has none.
pub(crate) fn tag(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or_default();
    last.split_once(':').map_or("", |(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_follows_the_last_part_of_the_name() {
        for (image, expected) in [
            ("nginx:1.21", "1.21"),
            ("registry.example:5000/shop/web:2", "2"),
            ("registry.example:5000/shop/web", ""),
            ("web:1@sha256:0123", "1"),
        ] {
            assert_eq!(tag(image), expected, "{image}");
        }
    }
}

//! Certificate authorities: parsed from PEM, checked, and merged.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use kube::config::Config;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// The seed bot's setting: PEM in base64, with or without line breaks.
pub(super) fn cluster_cert(base64: &str) -> Result<Vec<Vec<u8>>, &'static str> {
    let packed: String = base64.split_whitespace().collect();
    certificates(&STANDARD.decode(packed).map_err(|_| "it is not base64")?)
}

/// The certificates of a PEM file in DER, each one usable as a root.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| "its PEM is damaged")?;
        RootCertStore::empty().add(certificate.clone()).map_err(|_| "a certificate in it is damaged")?;
        found.push(certificate.to_vec());
    }
    if found.is_empty() { Err("there is no certificate in it") } else { Ok(found) }
}

/// Adds roots. A list of roots replaces the system's, so without a cluster CA the system's are included.
pub(super) fn trust(config: &mut Config, extra: Vec<Vec<u8>>) {
    if extra.is_empty() {
        return;
    }
    let roots = config.root_cert.get_or_insert_with(|| {
        let system = rustls_native_certs::load_native_certs().certs;
        let usable =
            |certificate: &CertificateDer<'_>| RootCertStore::empty().add(certificate.clone().into_owned()).is_ok();
        system.into_iter().filter(usable).map(|certificate| certificate.to_vec()).collect()
    });
    roots.extend(extra);
}

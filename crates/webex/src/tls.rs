//! The cryptography provider of every TLS connection of this process.

/// Makes ring the process-wide provider, unless one is installed. Idempotent; every client that uses TLS calls it
/// before it is built.
pub fn install_ring() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // If another caller installed a provider first, one is in place, which is enough.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installing_twice_leaves_one_provider() {
        install_ring();
        install_ring();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }
}

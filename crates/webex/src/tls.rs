//! The cryptography behind every TLS connection of this process.

/// Makes ring the process-wide provider, unless one is installed. It may be called any number of times; every client
/// that speaks TLS calls it before it is built.
pub fn install_ring() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing the race to another caller leaves a provider in place, which is all that is asked for.
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

//! Which calls use the proxy: `NO_PROXY` with Go's rules, and never for loopback.

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

/// Whether a call to `target` bypasses the proxy. Entries of `no_proxy` are separated by commas or spaces: `*`, an
/// address, a range (`10.0.0.0/8`), a domain (itself and its subdomains) or `.domain` (subdomains only), each with an
/// optional port. Any other entry is ignored.
pub(super) fn goes_direct(target: &Uri, no_proxy: Option<&str>) -> bool {
    let Some(host) = target.host() else { return true };
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok();
    if address.is_some_and(|address| address.is_loopback()) || host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    let port = target.port_u16().unwrap_or(if target.scheme_str() == Some("http") { 80 } else { 443 });
    let entries = no_proxy.unwrap_or_default().split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
    entries.into_iter().any(|entry| covers(entry, &host, address, port))
}

fn covers(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let Ok(range) = entry.parse::<IpNet>() {
        return address.is_some_and(|address| range.contains(&address));
    }
    let (name, wanted) = split_port(entry);
    if wanted.is_some_and(|wanted| wanted != port) {
        return false;
    }
    if let Ok(single) = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return address == Some(single);
    }
    let name = name.to_ascii_lowercase();
    let name = name.strip_prefix('*').unwrap_or(&name);
    match name.strip_prefix('.') {
        Some(parent) => !parent.is_empty() && host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.')),
        None => {
            !name.is_empty()
                && host
                    .strip_suffix(name)
                    .is_some_and(|rest| address.is_none() && (rest.is_empty() || rest.ends_with('.')))
        }
    }
}

/// Splits `host:port`; an IPv6 address without brackets has colons but no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            port.parse().map_or((entry, None), |port| (host, Some(port)))
        }
        _ => (entry, None),
    }
}

/// The proxy with a supported scheme (`http` if none is given), or `None` for any other.
pub(super) fn usable(proxy: &Uri) -> Option<Uri> {
    match proxy.scheme_str() {
        Some("http" | "https") => Some(proxy.clone()),
        Some(_) => None,
        None => format!("http://{proxy}").parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_follows_gos_rules() {
        for (no_proxy, target, direct) in [
            ("", "https://api.example.com", false),
            ("", "https://localhost:6443", true),
            ("", "http://127.3.2.1:8080", true),
            ("", "https://[::1]:6443", true),
            ("", "https://kube.localhost", true),
            ("*", "https://api.example.com", true),
            ("example.com", "https://api.example.com", true),
            ("example.com", "https://example.com", true),
            ("example.com", "https://badexample.com", false),
            (".example.com", "https://example.com", false),
            (".example.com", "https://api.example.com", true),
            ("*.example.com", "https://a.b.example.com", true),
            ("EXAMPLE.com", "https://API.example.COM", true),
            ("api.example.com:6443", "https://api.example.com:6443", true),
            ("api.example.com:6443", "https://api.example.com", false),
            ("10.0.0.0/8", "https://10.3.2.1:6443", true),
            ("10.0.0.0/8", "https://11.3.2.1:6443", false),
            ("10.0.0.1", "https://10.0.0.1", true),
            ("0.0.1", "https://10.0.0.1", false),
            ("fd00::1", "https://[fd00::1]:6443", true),
            ("[fd00::1]:6443", "https://[fd00::1]:6443", true),
            ("[fd00::1]:443", "https://[fd00::1]:6443", false),
            ("a.b, 10.0.0.0/99 ,example.com,", "https://example.com", true),
            (".", "https://example.com", false),
        ] {
            let uri = target.parse().expect("a test's address");
            assert_eq!(goes_direct(&uri, Some(no_proxy)), direct, "{no_proxy:?} and {target}");
        }
        assert!(!goes_direct(&Uri::from_static("https://example.com"), None));
    }

    #[test]
    fn only_a_proxy_with_a_supported_scheme_is_accepted() {
        let usable = |text: &'static str| usable(&Uri::from_static(text)).map(|uri| uri.to_string());
        assert_eq!(usable("proxy:3128").as_deref(), Some("http://proxy:3128/"));
        assert_eq!(usable("http://u:p@proxy:3128").as_deref(), Some("http://u:p@proxy:3128/"));
        assert_eq!(usable("socks5://proxy:1080"), None);
    }
}

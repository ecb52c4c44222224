//! The settings of the client, checked once before the first call.

use std::time::Duration;

use reqwest::{
    Certificate, Client, ClientBuilder, NoProxy, Proxy, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};

use super::dates::DateListener;

/// Hosts that are never reached through a proxy.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// The settings of the client. `Debug` shows neither the token nor the proxy's password.
#[derive(Clone, Debug)]
pub struct WebexSettings {
    /// The base URL of the API, such as `https://webexapis.com/v1`.
    pub base_url: String,
    /// The bot's token.
    pub token: SecretString,
    /// The proxy for `https` addresses, as in `HTTPS_PROXY`; its URL may hold a password.
    pub https_proxy: Option<SecretString>,
    /// Hosts that are reached without the proxy, as in `NO_PROXY`. Loopback always is one.
    pub no_proxy: Option<String>,
    /// Certificates in PEM that are trusted in addition to those of the platform.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// The maximum duration of one call, including waits for the rate limit.
    pub deadline: Duration,
    /// Who hears the `Date` of the responses.
    pub dates: Option<DateListener>,
}

impl WebexSettings {
    /// Settings for Webex's public API with a deadline of 15 s, without a proxy.
    pub fn new(token: SecretString) -> Self {
        Self {
            base_url: "https://webexapis.com/v1".to_owned(),
            token,
            https_proxy: None,
            no_proxy: None,
            extra_ca_pem: None,
            deadline: Duration::from_secs(15),
            dates: None,
        }
    }
}

/// A setting with which no client can be built. It names the setting, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// Not an absolute `http` or `https` URL, or one with credentials, a query or a fragment.
    #[error("the Webex address must be an http(s) URL without credentials, query or fragment")]
    BaseUrl,
    /// Empty, or with characters that a header cannot contain.
    #[error("the Webex token is empty or holds characters that no token has")]
    Token,
    /// Not a proxy's URL.
    #[error("the proxy must be an http(s) URL")]
    Proxy,
    /// No certificate, or a damaged one.
    #[error("the extra CA file holds no readable PEM certificate")]
    Certificate,
    /// TLS cannot be set up: usually the platform's certificates are missing.
    #[error("TLS cannot be set up; are the platform's CA certificates installed?")]
    Tls,
}

/// The base URL of the API, without a trailing slash.
pub(super) fn base(settings: &WebexSettings) -> Result<Url, BadSettings> {
    let mut url = Url::parse(settings.base_url.trim()).map_err(|_| BadSettings::BaseUrl)?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain {
        return Err(BadSettings::BaseUrl);
    }
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty();
    }
    Ok(url)
}

/// The HTTP client: no redirects (the token goes to one host only) and no retries of its own.
pub(super) fn http(settings: &WebexSettings, base: &Url) -> Result<Client, BadSettings> {
    crate::tls::install_ring();
    let builder = Client::builder()
        .user_agent(concat!("readback/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers(&settings.token)?)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(settings.deadline.min(Duration::from_secs(5)))
        .no_proxy();
    let builder = proxied(builder, settings)?;
    trusting(builder, settings, base)?.build().map_err(|_| BadSettings::Tls)
}

fn headers(token: &SecretString) -> Result<HeaderMap, BadSettings> {
    let token = token.expose_secret();
    let plain = (1..=4096).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
    let value = plain.then(|| HeaderValue::try_from(format!("Bearer {token}")).ok()).flatten();
    let mut value = value.ok_or(BadSettings::Token)?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

fn proxied(builder: ClientBuilder, settings: &WebexSettings) -> Result<ClientBuilder, BadSettings> {
    let given = settings.https_proxy.as_ref().map(ExposeSecret::expose_secret).filter(|url| !url.is_empty());
    let Some(url) = given else { return Ok(builder) };
    let direct = match settings.no_proxy.as_deref() {
        Some(hosts) => format!("{LOOPBACK},{hosts}"),
        None => LOOPBACK.to_owned(),
    };
    let proxy = Proxy::https(url).map_err(|_| BadSettings::Proxy)?;
    Ok(builder.proxy(proxy.no_proxy(NoProxy::from_string(&direct))))
}

fn trusting(builder: ClientBuilder, settings: &WebexSettings, base: &Url) -> Result<ClientBuilder, BadSettings> {
    let extra = match &settings.extra_ca_pem {
        Some(pem) => Certificate::from_pem_bundle(pem).map_err(|_| BadSettings::Certificate)?,
        None => Vec::new(),
    };
    if settings.extra_ca_pem.is_some() && extra.is_empty() {
        return Err(BadSettings::Certificate);
    }
    // The local room speaks plain HTTP, and must work where no CA certificates are installed.
    Ok(match base.scheme() {
        "http" => builder.tls_certs_only(extra),
        _ => builder.tls_certs_merge(extra),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> WebexSettings {
        WebexSettings::new(SecretString::from("t0ken"))
    }

    fn check(settings: &WebexSettings) -> Result<(), BadSettings> {
        http(settings, &base(settings)?).map(drop)
    }

    #[test]
    fn each_bad_setting_is_named() {
        check(&settings()).unwrap();
        for url in ["webexapis.com/v1", "ftp://x/v1", "https://u:p@x/v1", "https://x/v1?a=b", "https://x/v1#a", ""] {
            let bad = WebexSettings { base_url: url.to_owned(), ..settings() };
            assert_eq!(check(&bad), Err(BadSettings::BaseUrl), "{url}");
        }
        for token in ["", "two words", "line\nbreak", "tökén"] {
            assert_eq!(check(&WebexSettings::new(token.into())), Err(BadSettings::Token), "{token:?}");
        }
        let bad = WebexSettings { https_proxy: Some("http://[broken".into()), ..settings() };
        assert_eq!(check(&bad), Err(BadSettings::Proxy));
        for pem in ["", "no pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let bad = WebexSettings { extra_ca_pem: Some(pem.into()), ..settings() };
            let fault = check(&bad).unwrap_err();
            assert!(matches!(fault, BadSettings::Certificate | BadSettings::Tls), "{pem:?}: {fault}");
        }
    }

    #[test]
    fn a_trailing_slash_of_the_base_url_changes_nothing() {
        for url in ["http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/"] {
            let settings = WebexSettings { base_url: url.to_owned(), ..settings() };
            assert_eq!(base(&settings).unwrap().as_str(), "http://127.0.0.1:1/v1");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let settings = WebexSettings { https_proxy: Some("http://u:pass@proxy".into()), ..settings() };
        let shown = format!("{settings:?}");
        assert!(!shown.contains("t0ken") && !shown.contains("pass@"), "{shown}");
    }
}

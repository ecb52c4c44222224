use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::*;
use crate::{Cluster, stand_in::connection};

fn authority() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.self_signed(&key).unwrap().pem()
}

fn with(change: impl FnOnce(&mut Connection)) -> Connection {
    let mut settings = connection(1);
    change(&mut settings);
    settings
}

fn direct_with(url: &'static str, ca: Option<String>, token: &str, namespace: Option<&str>) -> Source {
    Source::Direct {
        url: Uri::from_static(url),
        ca_base64: ca,
        user: Some("bot".into()),
        token: SecretString::from(token.to_owned()),
        namespace: namespace.map(|name| Namespace::parse(name).unwrap()),
    }
}

fn prepared(settings: &Connection) -> Prepared {
    prepare(settings).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(source: Source) -> String {
    prepare(&with(|settings| settings.source = source)).err().expect("it is refused").to_string()
}

#[test]
fn a_malformed_setting_is_named() {
    let encoded = |text: &str| Some(STANDARD.encode(text));
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (source, begins) in [
        (
            direct_with("https://k", Some("%%%".into()), "t", None),
            "CLUSTER_CERT must be the cluster's CA certificate, PEM in base64: it is not base64",
        ),
        (
            direct_with("https://k", encoded("hello"), "t", None),
            "CLUSTER_CERT must be the cluster's CA certificate, PEM in base64: there is no certificate",
        ),
        (
            direct_with("https://k", encoded(damaged), "t", None),
            "CLUSTER_CERT must be the cluster's CA certificate, PEM in base64: a certificate in it is damaged",
        ),
        (direct_with("http://10.0.0.1", None, "t", None), "CLUSTER_URL"),
        (direct_with("/only/a/path", None, "t", None), "CLUSTER_URL"),
        (direct_with("https://k", None, " ", None), "KUBERNETES_TOKEN"),
        (direct_with("https://k", None, "two\nlines", None), "KUBERNETES_TOKEN"),
    ] {
        let error = refused(source);
        assert!(error.starts_with(begins), "{error}");
    }
    let error = prepare(&with(|settings| settings.extra_ca_pem = Some(b"x".to_vec()))).err().expect("it is refused");
    assert!(error.to_string().starts_with("the extra CA file"), "{error}");
}

#[test]
fn the_settings_of_the_seed_bot_select_a_cluster() {
    // In the format of `base64 -w 76`.
    let pem = STANDARD.encode(authority());
    let (first, second) = pem.split_at(76);
    let ca = format!("{first}\n{second}\n");
    let made = prepared(&with(|settings| {
        settings.source = direct_with("https://10.0.0.1:6443", Some(ca), "t0ken\n", Some("staging"));
        settings.namespaces.clear();
    }));
    assert_eq!(made.config.root_cert.map(|roots| roots.len()), Some(1));
    assert_eq!(made.namespaces, [Namespace::parse("staging").unwrap()]);
    assert_eq!(made.config.auth_info.token.unwrap().expose_secret(), "t0ken");
    assert!(!made.config.default_retry, "nothing is sent twice");
    assert!(made.config.auth_info.impersonate.is_none());
}

#[test]
fn namespaces_have_a_default_and_no_duplicates() {
    let shop = Namespace::parse("shop").unwrap();
    let none = with(|settings| settings.namespaces.clear());
    assert_eq!(prepared(&none).namespaces, [Namespace::parse("default").unwrap()]);
    let twice = with(|settings| settings.namespaces = vec![shop.clone(), shop.clone()]);
    assert_eq!(prepared(&twice).namespaces, [shop]);
}

#[test]
fn the_proxy_is_used_where_it_applies() {
    let far = |no_proxy: Option<&str>, proxy: &'static str| {
        let settings = with(|settings| {
            settings.source = direct_with("https://k.example.com", None, "t", None);
            settings.proxy = Some(Uri::from_static(proxy));
            settings.no_proxy = no_proxy.map(Into::into);
        });
        prepare(&settings).map(|made| made.config.proxy_url.map(|url| url.to_string()))
    };
    assert_eq!(far(None, "http://proxy:3128").unwrap().as_deref(), Some("http://proxy:3128/"));
    assert_eq!(far(Some("example.com,"), "http://proxy:3128").unwrap(), None);
    assert!(matches!(far(None, "socks5://u:s3cret@proxy"), Err(ConnectError::Proxy)));
    assert_eq!(prepared(&connection(1)).config.proxy_url, None, "loopback never goes through a proxy");
}

#[test]
fn nothing_secret_is_in_debug() {
    let settings = with(|settings| {
        settings.source = direct_with("https://u:s3cret@k", Some("s3cret".into()), "s3cret", None);
        settings.proxy = Some(Uri::from_static("http://u:s3cret@proxy:3128"));
        settings.extra_ca_pem = Some(b"s3cret".to_vec());
    });
    let printed = format!("{settings:?}");
    assert!(!printed.contains("s3cret") && printed.contains("proxy"), "{printed}");
    assert!(!prepare(&settings).err().expect("it is refused").to_string().contains("s3cret"));
}

#[tokio::test]
async fn an_extra_authority_is_added_to_the_others() {
    let extra = authority().into_bytes();
    let own = STANDARD.encode(authority());
    let both = with(|settings| {
        settings.source = direct_with("https://k", Some(own), "t", None);
        settings.extra_ca_pem = Some(extra.clone());
    });
    assert_eq!(prepared(&both).config.root_cert.map(|roots| roots.len()), Some(2));
    let system = with(|settings| {
        settings.source = direct_with("https://k", None, "t", None);
        settings.extra_ca_pem = Some(extra);
    });
    assert!(prepared(&system).config.root_cert.is_some_and(|roots| !roots.is_empty()));
    assert!(Cluster::connect(both).await.is_ok());
}

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: one
contexts:
- {name: one, context: {cluster: near, user: ann, namespace: shop}}
- {name: two, context: {cluster: far, user: ann}}
- {name: lost, context: {cluster: nowhere, user: ann}}
clusters:
- {name: near, cluster: {server: "https://127.0.0.1:6443", insecure-skip-tls-verify: true}}
- {name: far, cluster: {server: "https://far.example.com", proxy-url: "http://own:3128", certificate-authority: ca.pem}}
users:
- {name: ann, user: {token: s3cret}}
"#;

#[test]
fn a_kubeconfig_gives_address_namespace_proxy_and_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, KUBECONFIG).unwrap();
    fs::write(folder.path().join("ca.pem"), authority()).unwrap();
    let load = |context: Option<&str>| {
        prepare(&with(|settings| {
            settings.source = Source::Kubeconfig { path: Some(path.clone()), context: context.map(Into::into) };
            settings.namespaces.clear();
        }))
    };
    let one = load(None).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(one.namespaces, [Namespace::parse("shop").unwrap()]);
    assert!(one.config.accept_invalid_certs && one.config.proxy_url.is_none());
    assert_eq!(one.config.auth_info.token.unwrap().expose_secret(), "s3cret");
    let two = load(Some("two")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(two.namespaces, [Namespace::parse("default").unwrap()]);
    assert_eq!(two.config.proxy_url.unwrap().host(), Some("own"), "its own proxy wins");
    assert_eq!(two.config.root_cert.map(|roots| roots.len()), Some(1));
    for (context, says) in [(Some("three"), "has no context \"three\""), (Some("lost"), "has no cluster \"nowhere\"")] {
        assert!(load(context).err().expect("it is refused").to_string().ends_with(says));
    }
}

#[test]
fn an_unusable_kubeconfig_is_named_and_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let refused = || refused(Source::Kubeconfig { path: Some(path.clone()), context: None });
    assert!(refused().ends_with("cannot be read (entity not found)"), "{}", refused());
    fs::write(&path, "users: [s3cret: {").unwrap();
    assert!(refused().ends_with("is no valid kubeconfig"), "{}", refused());
    fs::write(&path, "apiVersion: v1\nkind: Config\n").unwrap();
    assert!(refused().ends_with("has no current context"), "{}", refused());
}

#[tokio::test]
async fn a_remote_cluster_is_reached_through_the_proxy_with_its_password() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let cluster = Cluster::connect(with(|settings| {
        settings.source = direct_with("https://k.invalid:6443", None, "t0ken", None);
        settings.proxy = format!("http://u:p%40ss@127.0.0.1:{port}").parse().ok();
    }))
    .await
    .unwrap();
    let proxy = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // It accepts one connection: the read is tried again, and that one is refused.
        drop(listener);
        let mut asked = String::new();
        while !asked.ends_with("\r\n\r\n") {
            asked.push(char::from(tokio::io::AsyncReadExt::read_u8(&mut stream).await.unwrap()));
        }
        asked
    };
    let (asked, checks) = tokio::join!(proxy, cluster.check());
    assert!(asked.starts_with("CONNECT k.invalid:6443 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.to_ascii_lowercase().contains("proxy-authorization: basic"), "{asked}");
    assert!(asked.contains(&STANDARD.encode("u:p@ss")) && !asked.contains("t0ken"), "{asked}");
    assert!(!checks[0].ok && checks[0].detail.starts_with("the API server cannot be reached"), "{checks:?}");
}

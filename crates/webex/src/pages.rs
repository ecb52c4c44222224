//! The next page of a list, from a `Link` header.

use reqwest::Url;

/// The URL marked `rel="next"`, if it is on the host of `base`: the token is sent to no other host.
pub(super) fn next(link: &str, base: &Url) -> Option<Url> {
    let marked = link.split(',').find(|part| {
        let mut parameters = part.split(';').skip(1).map(str::trim);
        parameters.any(|parameter| matches!(parameter, "rel=\"next\"" | "rel=next"))
    })?;
    let address = marked.split(';').next()?.trim().strip_prefix('<')?.strip_suffix('>')?;
    let url = base.join(address).ok()?;
    (url.origin() == base.origin() && url.username().is_empty()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_next_page_on_the_same_host_is_followed() {
        let base = Url::parse("https://webexapis.com/v1").unwrap();
        let page = "https://webexapis.com/v1/webhooks?max=100&cursor=abc";
        for (link, expected) in [
            (format!("<{page}>; rel=\"next\""), true),
            (format!("<https://webexapis.com/v1/webhooks>; rel=\"first\", <{page}>; rel=next"), true),
            (format!("<{page}>; rel=\"prev\""), false),
            ("<https://evil.example/v1/webhooks>; rel=\"next\"".to_owned(), false),
            ("<http://webexapis.com/v1/webhooks>; rel=\"next\"".to_owned(), false),
            ("rel=\"next\"".to_owned(), false),
            (String::new(), false),
        ] {
            let found = next(&link, &base);
            assert_eq!(found.as_ref().map(Url::as_str), expected.then_some(page), "{link}");
        }
    }
}

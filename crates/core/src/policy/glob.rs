//! Patterns in which `*` matches any sequence of characters, and every other character matches itself.

/// Whether the pattern matches the whole text. No other character is special.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut rest = rest;
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_star_is_special() {
        for (pattern, text) in
            [("prod", "prod"), ("prod*", "prod-eu"), ("*", ""), ("a*b*c", "a-b-b-c"), ("*-eu", "x-eu")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("prod", "prod-eu"), ("prod*", "preprod"), ("p.od", "prod"), ("a*b", "ab-"), ("aa*aa", "aaa"), ("", "x")]
        {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_without_a_star_fits_itself_and_nothing_else(a in "[a-z.-]{0,8}", b in "[a-z.-]{0,8}") {
            prop_assert_eq!(fits(&a, &b), a == b);
        }

        #[test]
        fn a_star_takes_anything(before in "[a-z]{0,4}", after in "[a-z]{0,4}", middle in "[a-z*]{0,6}") {
            let (pattern, text) = (format!("{before}*{after}"), format!("{before}{middle}{after}"));
            prop_assert!(fits(&pattern, &text));
        }
    }
}

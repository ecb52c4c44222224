//! The little HTML that Webex writes, taken apart: text, opening tags, closing tags. Anything else is dropped.

/// The longest tag that is read as one, in bytes.
const LONGEST_TAG: usize = 2_048;

/// A piece of HTML, in the order it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece<'h> {
    /// Text, its entities not decoded.
    Text(&'h str),
    /// An opening tag.
    Open(Tag<'h>),
    /// A closing tag, by its name.
    Close(&'h str),
}

/// The inside of an opening tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tag<'h> {
    pub(super) name: &'h str,
    attributes: &'h str,
}

impl<'h> Tag<'h> {
    /// The value of the attribute of that name.
    pub(super) fn attribute(self, wanted: &str) -> Option<&'h str> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '/')).unwrap_or(rest.len());
            let name = &rest[..end];
            rest = rest[end..].trim_start();
            let value = match rest.strip_prefix('=') {
                Some(after) => {
                    let (value, tail) = value(after.trim_start());
                    rest = tail;
                    value
                }
                None => "",
            };
            if name.eq_ignore_ascii_case(wanted) {
                return Some(value);
            }
            if rest.is_empty() {
                return None;
            }
        }
    }

    /// Whether it closes itself, as in `<br/>`.
    pub(super) fn is_closed(self) -> bool {
        self.attributes.ends_with('/')
    }
}

/// A quoted or bare value, and what follows it.
fn value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote) {
            return inside.split_once(quote).unwrap_or((inside, ""));
        }
    }
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// The pieces of `html`. A `<` that opens no complete tag is text.
pub(super) fn pieces(html: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            if let Some((piece, tail)) = tag(rest) {
                rest = tail;
                match piece {
                    Some(piece) => return Some(piece),
                    None => continue,
                }
            }
            let from = usize::from(rest.starts_with('<'));
            let end = rest[from..].find('<').map_or(rest.len(), |at| from + at);
            let (text, tail) = rest.split_at(end);
            rest = tail;
            return Some(Piece::Text(text));
        }
    })
}

/// The tag at the start of `text`, if there is one: nothing for a comment or a declaration.
fn tag(text: &str) -> Option<(Option<Piece<'_>>, &str)> {
    let inside = text.strip_prefix('<')?;
    if let Some(comment) = inside.strip_prefix("!--") {
        return comment.split_once("-->").map(|(_, tail)| (None, tail));
    }
    if inside.starts_with('!') {
        return inside.split_once('>').map(|(_, tail)| (None, tail));
    }
    let (closing, inside) = match inside.strip_prefix('/') {
        Some(inside) => (true, inside),
        None => (false, inside),
    };
    if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let end = end_of_tag(inside)?;
    let (body, tail) = (&inside[..end], &inside[end + 1..]);
    let (name, attributes) = body.split_at(body.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(body.len()));
    let piece = if closing { Piece::Close(name) } else { Piece::Open(Tag { name, attributes }) };
    Some((Some(piece), tail))
}

/// Where the `>` stands that is not inside a quoted value. Another `<` before it means that this is no tag.
fn end_of_tag(inside: &str) -> Option<usize> {
    let mut quote = None;
    for (at, b) in inside.bytes().enumerate().take(LONGEST_TAG) {
        match (quote, b) {
            (None, b'>') => return Some(at),
            (None, b'<') => return None,
            (None, b'"' | b'\'') => quote = Some(b),
            (Some(open), b) if open == b => quote = None,
            _ => {}
        }
    }
    None
}

/// The text with its entities decoded, once.
pub(super) fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = rest.as_bytes().iter().take(12).position(|&b| b == b';').and_then(|end| {
            let c = entity(&rest[1..end])?;
            Some((c, end + 1))
        });
        let (c, taken) = known.unwrap_or(('&', 1));
        out.push(c);
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    }
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(html: &str) -> Vec<String> {
        pieces(html)
            .map(|piece| match piece {
                Piece::Text(text) => decoded(text),
                Piece::Open(tag) => format!("<{}>", tag.name),
                Piece::Close(name) => format!("</{name}>"),
            })
            .collect()
    }

    #[test]
    fn tags_text_and_what_only_looks_like_them() {
        for (html, expected) in [
            ("<p>a</p>", vec!["<p>", "a", "</p>"]),
            ("a < b", vec!["a ", "< b"]),
            ("a<br/>b<BR>", vec!["a", "<br>", "b", "<BR>"]),
            ("<a title=\"1 > 0\">x</a>", vec!["<a>", "x", "</a>"]),
            ("a<!-- <b> -->b<!doctype x>c", vec!["a", "b", "c"]),
            ("<p", vec!["<p"]),
            ("ü<3", vec!["ü", "<3"]),
            ("", vec![]),
        ] {
            assert_eq!(shown(html), expected, "{html}");
        }
    }

    #[test]
    fn entities_are_decoded_once() {
        for (text, expected) in [
            ("&lt;b&gt; &amp;&quot;&#39;&apos;", "<b> &\"''"),
            ("&amp;lt;", "&lt;"),
            ("a&nbsp;b &#x41;&#66;", "a b AB"),
            ("&#0;&#xD800;&#99999999999;&unknown;&", "&#0;&#xD800;&#99999999999;&unknown;&"),
        ] {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }

    #[test]
    fn attributes_are_found_in_every_spelling() {
        for html in ["<m a=1 data-id=\"x\">", "<m data-id='x'>", "<m DATA-ID = x b>", "<m b data-id=x/>"] {
            let Some(Piece::Open(tag)) = pieces(html).next() else { panic!("{html}") };
            assert!(matches!(tag.attribute("data-id"), Some("x" | "x/")), "{html}");
            assert_eq!(tag.attribute("id"), None, "{html}");
        }
    }

    proptest! {
        #[test]
        fn taking_apart_never_panics_and_never_grows(html in "([<>/&;#!\"'= a-cü-]|&lt;|<b |</b>){0,60}") {
            let mut total = 0;
            for piece in pieces(&html) {
                match piece {
                    Piece::Text(text) => { total += text.len(); prop_assert!(decoded(text).len() <= text.len()); }
                    Piece::Open(tag) => { let _ = tag.attribute("a"); total += tag.name.len(); }
                    Piece::Close(name) => total += name.len(),
                }
            }
            prop_assert!(total <= html.len());
        }
    }
}

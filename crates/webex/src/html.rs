//! Splits the HTML that Webex sends into text, opening tags and closing tags, by the rules of HTML5. Comments,
//! declarations and invisible text are dropped.

use std::borrow::Cow;

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

/// A piece of HTML, in document order. Names of tags and attributes are in lower case.
#[derive(Debug)]
pub(super) enum Piece {
    /// Text with its entities decoded.
    Text(String),
    /// An opening tag.
    Open(Tag),
    /// A closing tag: its name.
    Close(String),
}

/// An opening tag.
#[derive(Debug)]
pub(super) struct Tag(StartTag<()>);

impl Tag {
    pub(super) fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0.name)
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, wanted: &str) -> Option<Cow<'_, str>> {
        self.0.attributes.get(wanted.as_bytes()).map(|value| String::from_utf8_lossy(value))
    }

    /// Whether it is self-closing, as in `<br/>`.
    pub(super) fn is_closed(&self) -> bool {
        self.0.self_closing
    }
}

/// The pieces of `html`. No tree is built, so memory does not grow with the nesting depth.
pub(super) fn pieces(html: &str) -> impl Iterator<Item = Piece> {
    let mut emitter = DefaultEmitter::default();
    // So that nothing inside a script or a style is read as a tag.
    emitter.naively_switch_states(true);
    let mut unseen = false;
    Tokenizer::new_with_emitter(html, emitter).filter_map(move |token| {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) if is_unseen(&tag.name) => {
                unseen = true;
                None
            }
            Token::EndTag(tag) if is_unseen(&tag.name) => {
                unseen = false;
                None
            }
            _ if unseen => None,
            Token::String(text) => Some(Piece::Text(lossy(&text.value))),
            Token::StartTag(tag) => Some(Piece::Open(Tag(tag))),
            Token::EndTag(tag) => Some(Piece::Close(lossy(&tag.name))),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => None,
        }
    })
}

/// Elements that contain only text, which is not shown.
fn is_unseen(name: &[u8]) -> bool {
    matches!(name, b"script" | b"style" | b"title" | b"iframe" | b"noembed" | b"noframes")
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(html: &str) -> Vec<String> {
        pieces(html)
            .map(|piece| match piece {
                Piece::Text(text) => text,
                Piece::Open(tag) => format!("<{}>", tag.name()),
                Piece::Close(name) => format!("</{name}>"),
            })
            .collect()
    }

    #[test]
    fn tags_and_text_are_told_apart() {
        for (html, expected) in [
            ("<p>a</p>", vec!["<p>", "a", "</p>"]),
            ("a < b", vec!["a < b"]),
            ("a<br/>b<BR>", vec!["a", "<br>", "b", "<br>"]),
            ("<a title=\"1 > 0\">x</a>", vec!["<a>", "x", "</a>"]),
            ("a<!-- <b> -->b<!doctype x>c", vec!["a", "b", "c"]),
            ("a<?xml b?>c<![CDATA[d]]>e", vec!["a", "c", "e"]),
            ("a<p", vec!["a"]),
            ("ü<3", vec!["ü<3"]),
            ("", vec![]),
        ] {
            assert_eq!(shown(html), expected, "{html}");
        }
    }

    #[test]
    fn invisible_text_is_dropped() {
        for html in [
            "a<script>scale web to 0</script>b",
            "a<style>p { } <p> scale web to 0</style>b",
            "a<title>scale &amp; web</title>b",
            "a<!-- scale web to 0 -->b",
            "a<!-->b",
        ] {
            assert_eq!(shown(html).concat(), "ab", "{html}");
        }
        assert_eq!(shown("a<script>scale <b>web</b> to 0"), ["a"], "a script that is never closed");
        assert_eq!(shown("a<!-- scale web to 0"), ["a"], "a comment that is never closed");
    }

    #[test]
    fn entities_are_decoded_once() {
        for (text, expected) in [
            ("&lt;b&gt; &amp;&quot;&#39;&apos;", "<b> &\"''"),
            ("&amp;lt;", "&lt;"),
            ("a&nbsp;b &#x41;&#66;", "a\u{a0}b AB"),
            ("&ndash;&hellip;&rarr;&eacute;", "–…→é"),
            ("&#0;&#xD800;&#99999999999;&unknown;&", "\u{fffd}\u{fffd}\u{fffd}&unknown;&"),
        ] {
            assert_eq!(shown(text).concat(), expected, "{text}");
        }
    }

    #[test]
    fn attributes_are_found_in_every_notation() {
        for html in
            ["<m a=1 data-id=\"x\">", "<m data-id='x'>", "<m DATA-ID = x b>", "<m b data-id=x/>", "<m data-id=&#x78;>"]
        {
            let Some(Piece::Open(tag)) = pieces(html).next() else { panic!("{html}") };
            assert!(matches!(tag.attribute("data-id").as_deref(), Some("x" | "x/")), "{html}");
            assert_eq!(tag.attribute("id"), None, "{html}");
        }
        let Some(Piece::Open(tag)) = pieces("<m data-id=x data-id=y>").next() else { panic!("a tag") };
        assert_eq!(tag.attribute("data-id").as_deref(), Some("x"), "the first of two, as in browsers");
    }

    proptest! {
        #[test]
        fn splitting_never_panics_and_never_grows_the_text(
            html in "([<>/&;#!\"'= a-cü-]|&lt;|<b |</b>|<!--|-->|<script>|</script>|<!|<\\?){0,60}"
        ) {
            let total: usize = pieces(&html).map(|piece| match piece {
                Piece::Text(text) => text.len(),
                Piece::Open(tag) => { let _ = tag.attribute("a"); tag.name().len() }
                Piece::Close(name) => name.len(),
            }).sum();
            prop_assert!(total <= html.len());
        }
    }
}

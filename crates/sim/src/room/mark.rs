//! Renders Markdown to the `html` and the plain `text` that Webex returns.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The person a mention names, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mentioned<'a> {
    /// `<@personId:…>`
    Id(&'a str),
    /// `<@personEmail:…>`
    Email(&'a str),
}

/// Finds the id and the display name of a person in the room.
pub(super) type Resolve<'a> = dyn Fn(Mentioned<'_>) -> Option<(String, String)> + 'a;

/// A rendered message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rendered {
    /// Webex's HTML; the tags are this module's, all text is escaped.
    pub(super) html: String,
    /// The text without markup; a mention is the display name.
    pub(super) text: String,
    /// The mentioned ids, without duplicates.
    pub(super) mentioned: Vec<String>,
}

/// A mention; its index between two private-use characters marks its position in the Markdown.
struct Mention {
    written: String,
    shown: String,
    /// The mentioned person; `None` is everybody.
    id: Option<String>,
}

/// The state of the rendering.
struct Renderer {
    out: Rendered,
    mentions: Vec<Mention>,
    /// For each open link, whether it is rendered as one.
    links: Vec<bool>,
    in_code: bool,
}

/// The delimiters around the index of a mention.
const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// Renders `markdown`; mentions of people whom `resolve` does not find stay as written.
pub(super) fn render(markdown: &str, resolve: &Resolve<'_>) -> Rendered {
    let (marked, mentions) = without_mentions(markdown, resolve);
    let mut renderer = Renderer { out: Rendered::default(), mentions, links: Vec::new(), in_code: false };
    for event in Parser::new_ext(&marked, Options::empty()) {
        renderer.take(event);
    }
    let mut out = renderer.out;
    out.text.truncate(out.text.trim_end().len());
    out
}

/// Replaces the mentions in the text, so that none of their characters counts as markup.
fn without_mentions(markdown: &str, resolve: &Resolve<'_>) -> (String, Vec<Mention>) {
    let markdown = markdown.replace([OPEN, CLOSE], "");
    let (mut marked, mut mentions) = (String::new(), Vec::new());
    let mut rest = markdown.as_str();
    while let Some((before, after)) = rest.split_once("<@") {
        marked.push_str(before);
        let found = after.split_once('>').and_then(|(inside, tail)| Some((mention(inside, resolve)?, tail)));
        if let Some((mention, tail)) = found {
            marked.extend([OPEN.to_string(), mentions.len().to_string(), CLOSE.to_string()]);
            mentions.push(mention);
            rest = tail;
        } else {
            marked.push_str("<@");
            rest = after;
        }
    }
    marked.push_str(rest);
    (marked, mentions)
}

fn mention(inside: &str, resolve: &Resolve<'_>) -> Option<Mention> {
    let written = format!("<@{inside}>");
    if inside == "all" {
        return Some(Mention { written, shown: "All".to_owned(), id: None });
    }
    let (who, label) = inside.split_once('|').map_or((inside, ""), |(who, label)| (who, label.trim()));
    let (id, name) = match who.split_once(':')? {
        ("personId", id) => resolve(Mentioned::Id(id)),
        ("personEmail", email) => resolve(Mentioned::Email(email)),
        _ => None,
    }?;
    Some(Mention { written, shown: if label.is_empty() { name } else { label.to_owned() }, id: Some(id) })
}

impl Renderer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(&tag),
            Event::End(tag) => self.close(tag),
            Event::Code(code) => {
                self.out.html.push_str("<code>");
                self.in_code = true;
                self.write(&code);
                self.in_code = false;
                self.out.html.push_str("</code>");
            }
            Event::SoftBreak | Event::HardBreak => {
                self.out.html.push_str("<br/>");
                self.out.text.push('\n');
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.write(&text),
            Event::Rule
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => {}
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        let Rendered { html, text, .. } = &mut self.out;
        let starts_line = matches!(tag, Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::Item);
        if starts_line && !text.is_empty() && !text.ends_with(['\n', ' ']) {
            text.push('\n');
        }
        if let Some(name) = name(tag.to_end()) {
            html.extend(["<", name, ">"]);
        }
        if let Tag::Link { dest_url, .. } = tag {
            let is_web = dest_url.starts_with("https://") || dest_url.starts_with("http://");
            self.links.push(is_web);
            if is_web {
                html.extend(["<a href=\"", &escaped(dest_url), "\">"]);
            }
        } else if matches!(tag, Tag::Item) {
            text.push_str("- ");
        } else if matches!(tag, Tag::CodeBlock(_)) {
            html.push_str("<code>");
            self.in_code = true;
        }
    }

    fn close(&mut self, tag: TagEnd) {
        let html = &mut self.out.html;
        if tag == TagEnd::CodeBlock {
            html.truncate(html.trim_end().len());
            html.push_str("</code>");
            self.in_code = false;
        } else if tag == TagEnd::Link && self.links.pop() == Some(true) {
            html.push_str("</a>");
        }
        if let Some(name) = name(tag) {
            html.extend(["</", name, ">"]);
        }
    }

    /// Writes text with its mentions; inside code there are no mentions.
    fn write(&mut self, text: &str) {
        for piece in text.split_inclusive(CLOSE) {
            let (before, number) = piece.strip_suffix(CLOSE).and_then(|p| p.split_once(OPEN)).unwrap_or((piece, ""));
            self.out.text.push_str(before);
            self.out.html.push_str(&escaped(before));
            let Some(mention) = number.parse().ok().and_then(|number: usize| self.mentions.get(number)) else {
                continue;
            };
            if self.in_code {
                self.out.text.push_str(&mention.written);
                self.out.html.push_str(&escaped(&mention.written));
            } else {
                mention.write(&mut self.out);
            }
        }
    }
}

impl Mention {
    fn write(&self, out: &mut Rendered) {
        let attributes = match &self.id {
            Some(id) => format!("person\" data-object-id=\"{}\"", escaped(id)),
            None => "groupMention\" data-group-type=\"all\"".to_owned(),
        };
        out.text.push_str(&self.shown);
        let tag = format!("<spark-mention data-object-type=\"{attributes}>");
        out.html.extend([tag, escaped(&self.shown), "</spark-mention>".to_owned()]);
        if let Some(id) = self.id.as_ref().filter(|id| !out.mentioned.contains(id)) {
            out.mentioned.push(id.clone());
        }
    }
}

/// The tags that Webex writes, by the Markdown element.
const TAGS: [(TagEnd, &str); 14] = [
    (TagEnd::Paragraph, "p"),
    (TagEnd::BlockQuote(None), "blockquote"),
    (TagEnd::CodeBlock, "pre"),
    (TagEnd::List(true), "ol"),
    (TagEnd::List(false), "ul"),
    (TagEnd::Item, "li"),
    (TagEnd::Emphasis, "em"),
    (TagEnd::Strong, "strong"),
    (TagEnd::Heading(HeadingLevel::H1), "h1"),
    (TagEnd::Heading(HeadingLevel::H2), "h2"),
    (TagEnd::Heading(HeadingLevel::H3), "h3"),
    (TagEnd::Heading(HeadingLevel::H4), "h4"),
    (TagEnd::Heading(HeadingLevel::H5), "h5"),
    (TagEnd::Heading(HeadingLevel::H6), "h6"),
];

fn name(tag: TagEnd) -> Option<&'static str> {
    TAGS.iter().find(|(known, _)| *known == tag).map(|(_, name)| *name)
}

/// The text, escaped for HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;

//! Markdown as people and bots write it, to the `html` and the plain `text` that Webex returns.
//!
//! Blocks: paragraphs, lists, quotes, headings, fenced code. Inline: see [`inline`]. Everything else is text, escaped.

use inline::Inline;

mod inline;

/// Who a mention means, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who<'a> {
    /// `<@personId:…>`
    Id(&'a str),
    /// `<@personEmail:…>`
    Email(&'a str),
}

/// Finds the id and the shown name of somebody who is in the room.
pub(super) type Resolve<'a> = dyn Fn(Who<'_>) -> Option<(String, String)> + 'a;

/// A message, rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rendered {
    /// Webex's html; the tags are this module's, all text is escaped.
    pub(super) html: String,
    /// The same without marks; a mention is the shown name.
    pub(super) text: String,
    /// The ids that it mentions, each once.
    pub(super) mentioned: Vec<String>,
    /// Whether it mentions all.
    pub(super) mentions_all: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Paragraph,
    Quote,
    Bullets,
    Numbers,
}

impl Block {
    const fn tags(self) -> (&'static str, &'static str) {
        match self {
            Self::Paragraph => ("<p>", "</p>"),
            Self::Quote => ("<blockquote>", "</blockquote>"),
            Self::Bullets => ("<ul>", "</ul>"),
            Self::Numbers => ("<ol>", "</ol>"),
        }
    }
}

/// Renders `markdown`; mentions of people whom `resolve` does not find stay as they were written.
pub(super) fn render(markdown: &str, resolve: &Resolve<'_>) -> Rendered {
    let mut out = Rendered::default();
    let mut open: Option<Block> = None;
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("```") {
            close(&mut out, open.take());
            fence(&mut out, &mut lines);
            continue;
        }
        if line.trim().is_empty() {
            close(&mut out, open.take());
            continue;
        }
        if let Some((level, rest)) = heading(line) {
            close(&mut out, open.take());
            new_line(&mut out.text);
            out.html.extend(["<", level, ">"]);
            Inline::new(&mut out, resolve).write(rest);
            out.html.extend(["</", level, ">"]);
            continue;
        }
        let (block, rest) = classify(line);
        let same = open == Some(block);
        if !same {
            close(&mut out, open.replace(block));
            out.html.push_str(block.tags().0);
        }
        write_line(&mut out, resolve, block, same, rest);
    }
    close(&mut out, open);
    out
}

fn write_line(out: &mut Rendered, resolve: &Resolve<'_>, block: Block, same: bool, rest: &str) {
    new_line(&mut out.text);
    match block {
        Block::Paragraph | Block::Quote => {
            if same {
                out.html.push_str("<br/>");
            }
            Inline::new(out, resolve).write(rest);
        }
        Block::Bullets | Block::Numbers => {
            out.html.push_str("<li>");
            out.text.push_str("- ");
            Inline::new(out, resolve).write(rest);
            out.html.push_str("</li>");
        }
    }
}

fn close(out: &mut Rendered, block: Option<Block>) {
    if let Some(block) = block {
        out.html.push_str(block.tags().1);
    }
}

fn new_line(text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
}

fn fence<'a>(out: &mut Rendered, lines: &mut impl Iterator<Item = &'a str>) {
    let inside: Vec<&str> = lines.take_while(|line| !line.trim_start().starts_with("```")).collect();
    let code = inside.join("\n");
    new_line(&mut out.text);
    out.text.push_str(&code);
    out.html.push_str("<pre><code>");
    escape_into(&mut out.html, &code);
    out.html.push_str("</code></pre>");
}

/// The tag and the words of a heading.
fn heading(line: &str) -> Option<(&'static str, &str)> {
    const TAGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];
    let rest = line.trim_start_matches('#');
    let tag = TAGS.get((line.len() - rest.len()).checked_sub(1)?)?;
    rest.starts_with(' ').then(|| (*tag, rest.trim()))
}

fn classify(line: &str) -> (Block, &str) {
    let trimmed = line.trim();
    if let Some(rest) = trimmed.strip_prefix("- ").or_else(|| trimmed.strip_prefix("* ")) {
        return (Block::Bullets, rest.trim_start());
    }
    if let Some((number, rest)) = trimmed.split_once(". ")
        && (1..=3).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
    {
        return (Block::Numbers, rest.trim_start());
    }
    match trimmed.strip_prefix('>') {
        Some(rest) => (Block::Quote, rest.trim_start()),
        None => (Block::Paragraph, trimmed),
    }
}

/// Appends `text` so that no part of it is markup.
pub(super) fn escape_into(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests;

//! The text of a request: what the person wrote, without the mention of the bot.

use super::{
    html::{Piece, Tag, pieces},
    id,
    wire::Message,
};
use readback_core::domain::Person;

/// The maximum length of the returned text, in bytes: over twice what Webex lets a person write.
pub const LONGEST_ORDER: usize = 16 * 1024;
const LONGEST_HTML: usize = 64 * 1024;
/// The tag of a mention.
const MENTION: &str = "spark-mention";

/// The text of a message to the bot. The bot's own mentions are removed by its id, so that a Deployment of the same
/// name stays; other mentions stay as `@Name`. Code stays in backticks and quotations behind `> `, because neither is a
/// request. A message without HTML is its plain text; only there, and only if it mentions the bot, the bot's exact name
/// is removed from its start.
pub fn order_text(message: &Message, bot: &Person) -> String {
    match message.html.as_deref() {
        Some(html) if !html.trim().is_empty() => from_html(html, &bot.id),
        _ => from_text(message, bot),
    }
}

fn from_text(message: &Message, bot: &Person) -> String {
    let text = message.text.as_deref().unwrap_or_default();
    let text = &text[..text.floor_char_boundary(LONGEST_ORDER)];
    let called = message.mentioned_people.iter().any(|person| id::same(person, &bot.id));
    let whole = |rest: &&str| rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || is_address_mark(c));
    match text.trim_start().strip_prefix(bot.name.as_str()).filter(whole) {
        Some(rest) if called && !bot.name.is_empty() => without_address_mark(rest).to_owned(),
        _ => text.trim().to_owned(),
    }
}

fn from_html(html: &str, bot_id: &str) -> String {
    let html = &html[..html.floor_char_boundary(LONGEST_HTML)];
    let mut reader = MentionReader { bot_id, ..MentionReader::default() };
    for piece in pieces(html) {
        reader.take(&piece);
    }
    reader.finish()
}

fn is_address_mark(c: char) -> bool {
    matches!(c, ',' | ':' | ';')
}

/// "@bot, scale web" addresses the bot: the comma is removed with the mention.
fn without_address_mark(text: &str) -> &str {
    text.trim_start().trim_start_matches(is_address_mark).trim()
}

#[derive(Default)]
struct MentionReader<'b> {
    bot_id: &'b str,
    out: String,
    /// White space was seen since the last word of this line.
    gap: bool,
    /// The nesting depth of mentions inside one of the bot's own.
    own: usize,
    /// The text began with one of the bot's own mentions.
    addressed: bool,
    /// A mention of somebody else was opened, and its name follows.
    naming: bool,
    quotes: usize,
    code: usize,
    pre: usize,
}

impl MentionReader<'_> {
    fn take(&mut self, piece: &Piece) {
        match piece {
            Piece::Open(tag) if tag.name() == MENTION => self.open_mention(tag),
            Piece::Close(name) if name == MENTION => self.close_mention(),
            _ if self.own > 0 => {}
            Piece::Text(text) => text.chars().for_each(|c| self.glyph(c)),
            Piece::Open(tag) => self.open(&tag.name()),
            Piece::Close(name) => self.close(name),
        }
    }

    fn open_mention(&mut self, tag: &Tag) {
        let own = tag.attribute("data-object-id").is_some_and(|id| id::same(id.trim(), self.bot_id));
        if self.own > 0 || own {
            self.addressed |= self.out.is_empty();
            self.own += usize::from(!tag.is_closed());
            self.gap = true;
            return;
        }
        self.glyph('@');
        self.naming = true;
        if tag.is_closed() {
            self.close_mention();
        }
    }

    fn close_mention(&mut self) {
        if self.own > 0 {
            self.own -= 1;
        } else if std::mem::take(&mut self.naming) {
            "someone".chars().for_each(|c| self.glyph(c));
        }
    }

    fn open(&mut self, name: &str) {
        match name {
            "blockquote" => {
                self.break_line();
                self.quotes += 1;
            }
            "pre" => {
                self.fence();
                self.pre += 1;
            }
            "code" if self.pre == 0 => {
                self.glyph('`');
                self.code += 1;
            }
            name if is_block(name) => self.break_line(),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "blockquote" => {
                self.break_line();
                self.quotes = self.quotes.saturating_sub(1);
            }
            "pre" if self.pre > 0 => {
                self.pre -= 1;
                self.fence();
            }
            "code" if self.code > 0 && self.pre == 0 => {
                self.code -= 1;
                self.glyph('`');
            }
            name if is_block(name) => self.break_line(),
            _ => {}
        }
    }

    fn fence(&mut self) {
        self.break_line();
        "```".chars().for_each(|c| self.glyph(c));
        self.break_line();
    }

    fn break_line(&mut self) {
        self.gap = false;
        if !self.at_line_start() && self.out.len() < LONGEST_ORDER {
            self.out.push('\n');
        }
    }

    fn glyph(&mut self, c: char) {
        // The name inside the tag may already begin with `@`.
        if std::mem::take(&mut self.naming) && c == '@' {
            return;
        }
        if c == '\n' && self.pre > 0 {
            return self.break_line();
        }
        let first = self.at_line_start();
        if c.is_whitespace() && self.pre == 0 {
            self.gap = !first;
            return;
        }
        let lead = if first { "> ".repeat(self.quotes.min(3)) } else { " ".repeat(usize::from(self.gap)) };
        self.gap = false;
        if self.out.len() + lead.len() + c.len_utf8() <= LONGEST_ORDER {
            self.out.push_str(&lead);
            self.out.push(c);
        }
    }

    fn at_line_start(&self) -> bool {
        self.out.is_empty() || self.out.ends_with('\n')
    }

    fn finish(mut self) -> String {
        while self.pre > 0 || self.code > 0 {
            let open = if self.pre > 0 { "pre" } else { "code" };
            self.close(open);
        }
        if self.addressed { without_address_mark(&self.out).to_owned() } else { self.out.trim().to_owned() }
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div" | "br" | "hr" | "ul" | "ol" | "li" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "tr"
    )
}

#[cfg(test)]
mod tests;

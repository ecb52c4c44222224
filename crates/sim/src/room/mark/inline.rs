//! One line of markdown: `**bold**`, `*italics*`, `` `code` ``, `[label](https://…)`, mentions, `\` and entities.

use super::{Rendered, Resolve, Who, escape_into};

/// Marks nest at most this deep; deeper ones are text. It bounds the work on hostile input.
const DEEPEST: u8 = 6;

const ENTITIES: [(&str, &str); 6] =
    [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " ")];

/// Writes one line into a message.
pub(super) struct Inline<'a, 'r> {
    out: &'a mut Rendered,
    resolve: &'a Resolve<'r>,
    depth: u8,
}

impl<'a, 'r> Inline<'a, 'r> {
    pub(super) fn new(out: &'a mut Rendered, resolve: &'a Resolve<'r>) -> Self {
        Self { out, resolve, depth: 0 }
    }

    pub(super) fn write(&mut self, line: &str) {
        let mut rest = line;
        let mut before = None;
        while let Some(first) = rest.chars().next() {
            let taken = self.mark(rest, before).unwrap_or_else(|| {
                let (shown, taken) = literal(rest, first);
                self.plain(shown);
                taken
            });
            before = rest[..taken].chars().next_back();
            rest = &rest[taken..];
        }
    }

    fn plain(&mut self, text: &str) {
        self.out.text.push_str(text);
        escape_into(&mut self.out.html, text);
    }

    /// Writes the mark that `rest` begins with, if it does, and returns how many bytes it took.
    fn mark(&mut self, rest: &str, before: Option<char>) -> Option<usize> {
        match rest.as_bytes().first()? {
            b'`' => self.code(rest),
            b'*' => self.paired(rest, "**", "strong", None).or_else(|| self.paired(rest, "*", "em", None)),
            b'_' => self.paired(rest, "__", "strong", before).or_else(|| self.paired(rest, "_", "em", before)),
            b'[' => self.link(rest),
            b'<' => self.mention(rest),
            _ => None,
        }
    }

    fn code(&mut self, rest: &str) -> Option<usize> {
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        let fence = &rest[..ticks];
        let end = ticks + rest[ticks..].find(fence)?;
        let code = rest[ticks..end].trim();
        if code.is_empty() {
            return None;
        }
        self.out.html.push_str("<code>");
        self.plain(code);
        self.out.html.push_str("</code>");
        Some(end + ticks)
    }

    /// `mark…mark`. An underscore inside a word is part of a name, not a mark.
    fn paired(&mut self, rest: &str, mark: &str, tag: &str, before: Option<char>) -> Option<usize> {
        let inside = rest.strip_prefix(mark)?;
        let opens = inside.chars().next().is_some_and(|c| !c.is_whitespace() && !mark.contains(c));
        if self.depth >= DEEPEST || !opens || before.is_some_and(char::is_alphanumeric) {
            return None;
        }
        let word_mark = mark.starts_with('_');
        let end = inside.match_indices(mark).map(|(at, _)| at).find(|&at| {
            let after = inside[at + mark.len()..].chars().next();
            let last = inside[..at].chars().next_back();
            last.is_some_and(|c| !c.is_whitespace() && !mark.contains(c))
                && !after.is_some_and(|c| mark.contains(c) || (word_mark && c.is_alphanumeric()))
        })?;
        self.out.html.extend(["<", tag, ">"]);
        self.depth += 1;
        self.write(&inside[..end]);
        self.depth -= 1;
        self.out.html.extend(["</", tag, ">"]);
        Some(end + 2 * mark.len())
    }

    fn link(&mut self, rest: &str) -> Option<usize> {
        let (label, tail) = rest[1..].split_once("](")?;
        let (url, _) = tail.split_once(')')?;
        let web = url.starts_with("https://") || url.starts_with("http://");
        if self.depth >= DEEPEST || !web || label.is_empty() || label.contains(['[', ']']) || url.contains([' ', '<']) {
            return None;
        }
        self.out.html.push_str("<a href=\"");
        escape_into(&mut self.out.html, url);
        self.out.html.push_str("\">");
        self.plain(label);
        self.out.html.push_str("</a>");
        Some(1 + label.len() + 2 + url.len() + 1)
    }

    fn mention(&mut self, rest: &str) -> Option<usize> {
        let (inside, _) = rest.strip_prefix("<@")?.split_once('>')?;
        let taken = inside.len() + 3;
        if inside == "all" {
            self.out.mentions_all = true;
            self.out.text.push_str("All");
            self.out.html.push_str("<spark-mention data-object-type=\"groupMention\" data-group-type=\"all\">");
            self.out.html.push_str("All</spark-mention>");
            return Some(taken);
        }
        let (who, label) = inside.split_once('|').map_or((inside, None), |(who, label)| (who, Some(label)));
        let who = match who.split_once(':')? {
            ("personId", id) => Who::Id(id),
            ("personEmail", email) => Who::Email(email),
            _ => return None,
        };
        let (id, name) = (self.resolve)(who)?;
        self.out.html.push_str("<spark-mention data-object-type=\"person\" data-object-id=\"");
        escape_into(&mut self.out.html, &id);
        self.out.html.push_str("\">");
        self.plain(label.filter(|label| !label.trim().is_empty()).unwrap_or(&name));
        self.out.html.push_str("</spark-mention>");
        if !self.out.mentioned.contains(&id) {
            self.out.mentioned.push(id);
        }
        Some(taken)
    }
}

/// What is shown for the first character of `rest`, and the bytes it takes.
fn literal(rest: &str, first: char) -> (&str, usize) {
    if first == '\\'
        && let Some(next) = rest[1..].chars().next()
        && next.is_ascii_punctuation()
    {
        return (&rest[1..2], 2);
    }
    if let Some((entity, shown)) = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity)) {
        return (shown, entity.len());
    }
    let width = first.len_utf8();
    (&rest[..width], width)
}

//! Messages, cards and calls as the files of conversations show them: without what differs from run to run.

use serde_json::Value;

use crate::support::tap::Call;

/// A message of the bot as lines: its words, or what its card shows. `letter` names the card.
pub(super) fn message(message: &Value, letter: Option<char>) -> Vec<String> {
    let thread = if message["parentId"].is_string() { "" } else { "(outside the thread) " };
    let words = match (letter, &message["attachments"][0]["content"]) {
        (Some(letter), card) => format!("[card {letter}] {}", on_card(card)),
        (None, _) => spoken(text(&message["markdown"])),
    };
    block(&format!("bot: {thread}{words}"))
}

/// What a card shows, without what differs from run to run.
pub(super) fn card_lines(card: &Value) -> Vec<String> {
    on_card(card).lines().map(steady).collect()
}

/// Later lines are indented, so that it is plain where a message ends.
fn block(words: &str) -> Vec<String> {
    let lines = words.lines().filter(|line| !line.trim().is_empty());
    lines.enumerate().map(|(at, line)| if at == 0 { steady(line) } else { format!("  {}", steady(line)) }).collect()
}

fn on_card(card: &Value) -> String {
    let mut lines = Vec::new();
    for element in card["body"].as_array().into_iter().flatten() {
        match text(&element["type"]) {
            "FactSet" => {
                let facts = element["facts"].as_array().into_iter().flatten();
                lines.extend(facts.map(|fact| format!("{}: {}", text(&fact["title"]), text(&fact["value"]))));
            }
            "Input.ChoiceSet" => {
                let choices = element["choices"].as_array().into_iter().flatten();
                let titles: Vec<_> = choices.map(|choice| text(&choice["title"])).collect();
                lines.push(format!("{}: ({}){}", text(&element["label"]), titles.join(" | "), filled(element)));
            }
            "Input.Number" | "Input.Text" => lines.push(format!("{}: ({})", text(&element["label"]), filled(element))),
            "Container" => {
                let items = element["items"].as_array().into_iter().flatten();
                lines.push(items.map(|item| text(&item["text"])).collect::<Vec<_>>().join(" · "));
            }
            _ => lines.push(text(&element["text"]).to_owned()),
        }
    }
    let buttons: Vec<_> =
        card["actions"].as_array().into_iter().flatten().map(|one| format!("[{}]", text(&one["title"]))).collect();
    lines.push(buttons.join(" "));
    lines.join("\n")
}

/// What stands in a field of a card already.
fn filled(element: &Value) -> String {
    let value = &element["value"];
    if value.is_null() { String::new() } else { value.as_str().map_or_else(|| value.to_string(), str::to_owned) }
}

/// A mention as its reader sees it.
fn spoken(markdown: &str) -> String {
    let mut out = String::new();
    let mut rest = markdown;
    while let Some((before, mention)) = rest.split_once("<@personId:") {
        let (mention, after) = mention.split_once('>').expect("a mention ends");
        let name = mention.split_once('|').map_or(mention, |(_, name)| name);
        out.extend([before, "@", name]);
        rest = after;
    }
    out + rest
}

/// A call that may change something: what it is about, and each operation of its patch.
pub(super) fn call(call: &Call) -> Vec<String> {
    let path = call.uri.split('?').next().unwrap_or_default();
    let object = path.strip_prefix("/apis/apps/v1/namespaces/").unwrap_or(path).replace("/deployments/", "/");
    let dry = if call.is_dry_run() { ", dry run" } else { "" };
    let verb = call.method.as_str().to_lowercase();
    let status = call.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let mut lines = vec![format!("  {verb} {object}{dry}: {status}")];
    for operation in call.body.as_array().into_iter().flatten() {
        let (verb, path) = (text(&operation["op"]), text(&operation["path"]));
        let value = if operation["value"].is_null() {
            String::new()
        } else if path == "/metadata/uid" {
            " <uid>".to_owned()
        } else {
            format!(" {}", operation["value"])
        };
        lines.push(steady(&format!("    {verb} {path}{value}")));
    }
    lines
}

/// The line without times, durations, references and ids.
fn steady(line: &str) -> String {
    let words = line.split(' ').map(steady_word).collect::<Vec<_>>();
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    for at in 1..words.len().saturating_sub(1) {
        let is_duration = words[at - 1] == "after" && words[at + 1].trim_end_matches('.') == "s";
        if is_duration && words[at].parse::<u64>().is_ok() {
            words[at] = "<n>";
        }
    }
    words.join(" ")
}

fn steady_word(word: &str) -> String {
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    for (volatile, name) in [("0000-00-00T00:00:00Z", "<moment>"), ("00:00", "<time>")] {
        if let Some(at) = shape.find(volatile) {
            return format!("{}{name}{}", &word[..at], &word[at + volatile.len()..]);
        }
    }
    nameless(word)
}

/// A pod's name without what is drawn by lot: `web-7d9f8c5b4d-x2x4z`.
fn nameless(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    let mut parts = bare.rsplitn(3, '-');
    let (Some(pod), Some(hash), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return word.to_owned();
    };
    let drawn = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if pod.len() == 5
        && (8..=10).contains(&hash.len())
        && drawn(pod)
        && drawn(hash)
        && hash.bytes().any(|b| b.is_ascii_digit())
    {
        return word.replace(bare, &format!("{name}-<pod>"));
    }
    word.to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

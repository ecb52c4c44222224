//! Messages, cards and calls in the format of the conversation files, without what differs between runs.

use serde_json::Value;

use crate::support::tap::Call;

/// A message of the bot as lines: its text, or the contents of its card. `letter` names the card.
pub(super) fn message(message: &Value, letter: Option<char>) -> Vec<String> {
    let thread = if message["parentId"].is_string() { "" } else { "(outside the thread) " };
    let words = match (letter, &message["attachments"][0]["content"]) {
        (Some(letter), card) => format!("[card {letter}] {}", on_card(card)),
        (None, _) => with_plain_mentions(text(&message["markdown"])),
    };
    block(&format!("bot: {thread}{words}"))
}

/// The contents of a card, without what differs between runs.
pub(super) fn card_lines(card: &Value) -> Vec<String> {
    on_card(card).lines().map(without_volatile).collect()
}

/// Continuation lines are indented, so that the end of a message is visible.
fn block(words: &str) -> Vec<String> {
    let lines = words.lines().filter(|line| !line.trim().is_empty());
    lines
        .enumerate()
        .map(|(at, line)| if at == 0 { without_volatile(line) } else { format!("  {}", without_volatile(line)) })
        .collect()
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
                let style = element["style"].as_str().map(|style| format!("({style}) ")).unwrap_or_default();
                lines.push(format!("{style}{}", texts(element).join(" · ")));
            }
            _ => lines.push(text(&element["text"]).to_owned()),
        }
    }
    let buttons: Vec<_> =
        card["actions"].as_array().into_iter().flatten().map(|one| format!("[{}]", text(&one["title"]))).collect();
    lines.push(buttons.join(" "));
    lines.join("\n")
}

/// The first text of a card.
pub(super) fn card_title(card: &Value) -> String {
    card["body"].get(0).and_then(|head| texts(head).first().copied().map(str::to_owned)).unwrap_or_default()
}

/// The texts inside a container or its columns, in reading order.
fn texts(element: &Value) -> Vec<&str> {
    let own = element["text"].as_str();
    let inside = ["items", "columns"].into_iter().flat_map(|key| element[key].as_array().into_iter().flatten());
    own.into_iter().chain(inside.flat_map(texts)).collect()
}

/// The prefilled value of a card's input.
fn filled(element: &Value) -> String {
    let value = &element["value"];
    if value.is_null() { String::new() } else { value.as_str().map_or_else(|| value.to_string(), str::to_owned) }
}

/// A mention as its reader sees it.
fn with_plain_mentions(markdown: &str) -> String {
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

/// A call that may write: its object, and each operation of its patch.
pub(super) fn call(call: &Call) -> Vec<String> {
    let path = call.uri.split('?').next().unwrap_or_default();
    let object = path.strip_prefix("/apis/apps/v1/namespaces/").unwrap_or(path).replace("/deployments/", "/");
    let dry = if call.is_dry_run() { ", dry run" } else { "" };
    let verb = call.method.as_str().to_lowercase();
    let status = call.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let mut lines = vec![format!("  {verb} {object}{dry}: {status}")];
    for operation in call.body.as_array().into_iter().flatten() {
        let (verb, path) = (text(&operation["op"]), text(&operation["path"]));
        // Every patch of a Deployment that is no dry run has this test; `real_cluster` checks it. Its number depends on
        // how often the Deployment was written before.
        if path == "/metadata/generation" {
            continue;
        }
        let value = if operation["value"].is_null() {
            String::new()
        } else if path == "/metadata/uid" {
            " <uid>".to_owned()
        } else {
            format!(" {}", operation["value"])
        };
        lines.push(without_volatile(&format!("    {verb} {path}{value}")));
    }
    lines
}

/// The line without times, durations, references and ids.
fn without_volatile(line: &str) -> String {
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
    without_random_parts(word)
}

/// A pod's name without its random parts: `web-7d9f8c5b4d-x2x4z`.
fn without_random_parts(word: &str) -> String {
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

//! Parses a message that consists of a single `kubectl` command: a request like any other, but read by rule.

use clap::{
    Arg, ArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
};

use readback_core::{
    command::{Command, Doubt, EVERYTHING, InvalidValue, Mention, NumberSlot, StatedValue},
    domain::{Amount, ImageChange, Intent, Score},
};

/// The reading of a message that starts like a shell command.
#[derive(Clone, Debug, PartialEq)]
pub enum Shell {
    /// One `kubectl` command, as the commands that it requests.
    Orders(Vec<Command>),
    /// Not a request: a prompt, a pipe, output, a dry run, unbalanced quotes, or an unsupported command.
    Nothing,
}

/// The names of the program.
const PROGRAMS: [&str; 3] = ["kubectl", "oc", "k"];
/// Characters with a meaning in a shell: pipes, lists, redirections, comments, variables, substitutions, the next line.
const OF_THE_SHELL: [char; 8] = ['\n', '|', ';', '>', '<', '#', '$', '&'];
/// Maximum words of a command; longer lines are pasted, not typed.
const MOST_WORDS: usize = 64;

/// Parses a message as a shell command; `None` if it does not start like one.
pub fn read(text: &str) -> Option<Shell> {
    let bare = text.trim().trim_matches('`').trim();
    let mut words = bare.split_whitespace();
    let first = words.next()?;
    if has_prompt(bare) {
        return Some(Shell::Nothing);
    }
    if !PROGRAMS.contains(&first) {
        return None;
    }
    // `k` also means "ok"; it is the program only if a known verb follows.
    let grammar = grammar();
    if first == "k" && words.next().is_none_or(|verb| grammar.find_subcommand(verb).is_none()) {
        return None;
    }
    let orders =
        if bare.contains(OF_THE_SHELL) { None } else { Line::parse(grammar, bare).and_then(|line| line.commands()) };
    Some(orders.map_or(Shell::Nothing, Shell::Orders))
}

/// Whether the command follows a prompt or a comment: `$ kubectl …`, `[root@host ~]# k …`.
fn has_prompt(line: &str) -> bool {
    const MARKS: [char; 6] = ['$', '%', '#', '>', '➜', '❯'];
    let mut before = None;
    for word in line.split_whitespace() {
        if PROGRAMS.contains(&word) && before.is_some_and(|before: &str| before.ends_with(MARKS)) {
            return true;
        }
        before = Some(word);
    }
    line.starts_with(MARKS) && line.contains("kubectl")
}

/// A flag with a value, in the next word or after `=`. As in kubectl, the next word is taken whatever it looks like; a
/// missing value is empty.
fn value(name: &'static str) -> Arg {
    Arg::new(name).long(name).num_args(0..=1).default_missing_value("").allow_hyphen_values(true)
}

/// A boolean flag: `--force`, `--force=false`.
fn switch(name: &'static str) -> Arg {
    value(name).require_equals(true).default_missing_value("true")
}

/// The supported part of kubectl's command line. A listed flag that fills no slot only changes how something is done or
/// printed.
fn grammar() -> clap::Command {
    let verb = |name| clap::Command::new(name).arg(Arg::new("words").num_args(0..));
    let group = |name| clap::Command::new(name).subcommand_required(true);
    let everywhere = [
        value("namespace").short('n'),
        value("context"),
        value("cluster"),
        value("grace-period"),
        value("output").short('o'),
        value("selector").short('l'),
        switch("all"),
        switch("all-namespaces").short('A'),
        switch("dry-run").default_missing_value("client"),
        switch("force"),
        switch("help").short('h'),
        switch("no-headers"),
        switch("show-labels"),
        switch("watch").short('w'),
    ];
    group("kubectl")
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .args_override_self(true)
        .args(everywhere.map(|flag| flag.global(true)))
        .subcommands([
            verb("scale").args([value("replicas"), value("current-replicas")]),
            group("set").subcommand(verb("image")),
            group("rollout").subcommands([
                verb("restart"),
                verb("pause"),
                verb("resume"),
                verb("status"),
                verb("history").arg(value("revision")),
                verb("undo").arg(value("to-revision")),
            ]),
            verb("autoscale").args([value("min"), value("max"), value("cpu-percent").visible_alias("cpu")]),
            verb("delete"),
            verb("get"),
            verb("describe"),
            verb("logs").args([value("tail"), value("container").short('c'), switch("follow").short('f')]),
        ])
}

/// Boolean flags of kubectl that are not supported. Any other unsupported flag may have its value in the next word.
const OTHER_SWITCHES: [&str; 14] = [
    "--wait",
    "--now",
    "--record",
    "--recursive",
    "-R",
    "--ignore-not-found",
    "--previous",
    "-p",
    "--timestamps",
    "--all-containers",
    "--insecure-skip-tls-verify",
    "--warnings-as-errors",
    "--match-server-version",
    "--local",
];

/// A parsed command line.
#[derive(Debug)]
struct Line {
    verb: String,
    flags: ArgMatches,
    unknown: Vec<String>,
    /// Of flags with several values: the one that counts, and one that does not.
    repeated: Vec<(String, String)>,
}

impl Line {
    /// Parses a command line; `None` for unbalanced quotes, too many words, or an unknown command.
    fn parse(mut grammar: clap::Command, line: &str) -> Option<Self> {
        let mut words = shlex::split(line).filter(|words| words.len() <= MOST_WORDS)?;
        let mut unknown = Vec::new();
        let repeated = repeated(&words);
        let mut flags = loop {
            match grammar.try_get_matches_from_mut(&words) {
                Ok(flags) => break flags,
                // An unknown flag is removed and recorded, and the rest is still parsed.
                Err(error) => unknown.push(take_unknown(&mut words, &error)?),
            }
        };
        let mut verb = String::new();
        while let Some((word, inner)) = flags.remove_subcommand() {
            verb = if verb.is_empty() { word } else { format!("{verb} {word}") };
            flags = inner;
        }
        Some(Self { verb, flags, unknown, repeated })
    }

    /// The value of a flag, if it is present, perhaps empty; of a repeated flag, the last one.
    fn said(&self, name: &str) -> Option<&str> {
        self.flags.try_get_one::<String>(name).ok().flatten().map(String::as_str)
    }

    /// The non-empty value of a flag.
    fn flag(&self, name: &str) -> Option<&str> {
        self.said(name).filter(|value| !value.is_empty())
    }

    fn is_on(&self, name: &str) -> bool {
        self.said(name).is_some_and(|value| !matches!(value, "false" | "none"))
    }

    fn words(&self) -> Vec<&str> {
        self.flags.try_get_many::<String>("words").ok().flatten().into_iter().flatten().map(String::as_str).collect()
    }

    fn commands(&self) -> Option<Vec<Command>> {
        if self.is_on("dry-run") || self.is_on("help") || self.said("selector").is_some() {
            return None;
        }
        let words = self.words();
        match self.verb.as_str() {
            "scale" => self.named(Intent::Scale, &words, |command| self.replicas(command)),
            "set image" => self.images(&words),
            // As in kubectl: of a kind without a name, every object of the namespace.
            "rollout restart" => match words.as_slice() {
                [kind] if is_deployment(kind) && self.flag("namespace").is_some() => {
                    self.named(Intent::Restart, &[kind, EVERYTHING], |_| ())
                }
                words => self.named(Intent::Restart, words, |_| ()),
            },
            "rollout pause" => self.named(Intent::Pause, &words, |_| ()),
            "rollout resume" => self.named(Intent::Resume, &words, |_| ()),
            "rollout status" => self.named(Intent::Status, &words, |_| ()),
            "rollout history" => self.named(Intent::History, &words, |command| self.revision(command, "revision")),
            "rollout undo" => self.named(Intent::Rollback, &words, |command| self.revision(command, "to-revision")),
            "autoscale" => self.named(Intent::Autoscale, &words, |command| {
                command.min = self.number(command, "min");
                command.max = self.number(command, "max");
                command.cpu = self.number(command, "cpu-percent");
            }),
            "delete" => self.named(Intent::Delete, &words, |_| ()),
            "get" | "describe" if matches!(words.as_slice(), [kind] if is_deployment(kind)) => {
                Some(vec![self.placed(Command::new(Intent::List, Score::ONE))])
            }
            "get" | "describe" => self.named(Intent::Status, &words, |_| ()),
            "logs" => self.named(Intent::Logs, &words, |command| {
                command.lines = self.number(command, "tail");
                command.container = self.flag("container").map(mention);
            }),
            _ => None,
        }
    }

    fn named(&self, intent: Intent, words: &[&str], fill: impl Fn(&mut Command)) -> Option<Vec<Command>> {
        let mut names = names(words)?;
        // kubectl rejects names together with `--all`.
        let contradictory = self.is_on("all") && !names.is_empty();
        if self.is_on("all") && names.is_empty() {
            names.push(EVERYTHING);
        }
        let one = |name: &&str| {
            let mut command = self.placed(Command::new(intent, Score::ONE));
            command.deployment = Some(mention(name));
            command.doubts.extend(contradictory.then(|| Doubt::IgnoredFlag("--all".to_owned())));
            fill(&mut command);
            command
        };
        (!names.is_empty()).then(|| names.iter().map(one).collect())
    }

    fn images(&self, words: &[&str]) -> Option<Vec<Command>> {
        let (images, names): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.contains('='));
        let commands = self.named(Intent::SetImage, &names, |_| ())?;
        let with = |command: &Command, image: &&str| {
            let mut command = command.clone();
            let (container, reference) = image.split_once('=').unwrap_or(("", image));
            command.container = Some(mention(container));
            match ImageChange::parse(reference) {
                // `kubectl set image` has no bare tags: in `web=nginx`, `nginx` is the repository.
                Ok(ImageChange::Tag(whole)) => command.image = Some(ImageChange::Reference(whole)),
                Ok(image) => command.image = Some(image),
                Err(why) => command.faults.push(InvalidValue::Image { said: reference.to_owned(), why }),
            }
            command
        };
        let filled: Vec<Command> =
            commands.iter().flat_map(|command| images.iter().map(|image| with(command, image))).collect();
        Some(if filled.is_empty() { commands } else { filled })
    }

    fn replicas(&self, command: &mut Command) {
        command.old =
            self.flag("current-replicas").map(|said| StatedValue { words: said.to_owned(), count: said.parse().ok() });
        let Some(said) = self.flag("replicas") else { return };
        if let Some(n) = said.parse::<u32>().ok().filter(|n| i32::try_from(*n).is_ok()) {
            command.replicas = Some(Amount::To(n));
        } else {
            let slot = Some(NumberSlot::Replicas);
            command.faults.push(InvalidValue::NotANumber { said: said.to_owned(), slot });
        }
    }

    fn revision(&self, command: &mut Command, flag: &str) {
        command.revision = self.number(command, flag).filter(|n| *n > 0);
    }

    fn number(&self, command: &mut Command, flag: &str) -> Option<u32> {
        let said = self.flag(flag)?;
        let number = said.trim_end_matches('%').parse().ok();
        if number.is_none() {
            command.faults.push(InvalidValue::NotANumber { said: said.to_owned(), slot: None });
        }
        number
    }

    /// Adds the namespace, the cluster, and a doubt for each unknown flag.
    fn placed(&self, mut command: Command) -> Command {
        command.namespace = self.flag("namespace").map(mention);
        // As in kubectl, `--cluster` takes precedence over the context's cluster.
        command.cluster = self.flag("cluster").or_else(|| self.flag("context")).map(mention);
        let second =
            |(taken, other): &(String, String)| Doubt::SecondValue { taken: taken.clone(), other: other.clone() };
        command.doubts = self.unknown.iter().cloned().map(Doubt::IgnoredFlag).collect();
        command.doubts.extend(self.repeated.iter().map(second));
        command
    }
}

/// Flags that are there several times with different values. The last one counts, as in kubectl.
fn repeated(words: &[String]) -> Vec<(String, String)> {
    let value = |at: usize| match words[at].split_once('=') {
        Some((_, value)) => value.to_owned(),
        None => words.get(at + 1).cloned().unwrap_or_default(),
    };
    let name = |at: usize| match words[at].split('=').next().unwrap_or_default() {
        "-n" | "--namespace" => Some("--namespace"),
        "-c" | "--container" => Some("--container"),
        "--cpu" | "--cpu-percent" => Some("--cpu-percent"),
        name => Some(name).filter(|name| name.starts_with("--") && !OTHER_SWITCHES.contains(name)),
    };
    let pair = |at: usize| {
        let last = (at + 1..words.len()).rev().find(|later| name(*later) == name(at))?;
        (value(at) != value(last)).then(|| (value(last), value(at)))
    };
    (0..words.len()).filter(|at| name(*at).is_some()).filter_map(pair).collect()
}

/// Removes the unknown flag, with its value, from the line and returns its name; `None` if the error is another one.
fn take_unknown(words: &mut Vec<String>, error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    if error.kind() != ErrorKind::UnknownArgument || !flag.starts_with('-') {
        return None;
    }
    let at = words.iter().position(|word| word.split('=').next() == Some(flag))?;
    let in_one_word = words.remove(at).contains('=') || OTHER_SWITCHES.contains(&flag.as_str());
    let is_value = |word: &String| !word.starts_with('-') && !is_deployment(word) && names(&[word.as_str()]).is_none();
    if !in_one_word && words.get(at).is_some_and(is_value) {
        words.remove(at);
    }
    Some(flag.clone())
}

fn is_deployment(kind: &str) -> bool {
    matches!(
        kind.to_lowercase().as_str(),
        "deploy"
            | "deployment"
            | "deployments"
            | "deployment.apps"
            | "deployments.apps"
            | "deployment.v1.apps"
            | "deployments.v1.apps"
            | "deploys"
    )
}

/// The names of the Deployments; `None` if another kind is named.
fn names<'n>(words: &[&'n str]) -> Option<Vec<&'n str>> {
    match words {
        [kind, names @ ..] if is_deployment(kind) => Some(names.to_vec()),
        words => words
            .iter()
            .map(|word| {
                word.split_once('/')
                    .filter(|(kind, name)| is_deployment(kind) && !name.is_empty())
                    .map(|(_, name)| name)
            })
            .collect(),
    }
}

fn mention(words: &str) -> Mention {
    Mention::new(words.to_owned(), !words.is_ascii())
}

#[cfg(test)]
mod tests;

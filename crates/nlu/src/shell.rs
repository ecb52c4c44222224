//! A message that is nothing but one `kubectl` command: an order like any other, taken apart by rule.

use readback_core::{
    command::{Command, EVERYTHING, Mention, StatedValue},
    domain::{Amount, ImageChange, Intent, Score},
};

/// What a message that begins like a shell command is.
#[derive(Clone, Debug, PartialEq)]
pub enum Shell {
    /// One command, and what it orders.
    Orders(Vec<Command>),
    /// A prompt, a pipe, output, a dry run, or nothing that this bot does: it orders nothing.
    Nothing,
}

/// Reads a message as a shell command; `None` when it does not begin like one.
pub fn read(text: &str) -> Option<Shell> {
    let bare = text.trim().trim_matches('`').trim();
    let first = bare.split_whitespace().next()?;
    let prompt = matches!(first, "$" | "%" | "#" | ">" | "➜" | "❯") || first.ends_with(":~$") || first.ends_with('$');
    if prompt {
        return bare.contains("kubectl").then_some(Shell::Nothing);
    }
    if !matches!(first, "kubectl" | "oc" | "k") {
        return None;
    }
    if bare.contains(['\n', '|', ';', '>', '<', '#', '$']) || bare.contains("&&") {
        return Some(Shell::Nothing);
    }
    let words: Vec<&str> = bare.split_whitespace().skip(1).map(|word| word.trim_matches(['\'', '"'])).collect();
    // `k` alone is also how people answer "ok": only with a verb behind it is it the command.
    let known = words.first().is_some_and(|verb| {
        matches!(*verb, "scale" | "set" | "rollout" | "autoscale" | "delete" | "get" | "describe" | "logs")
    });
    if first == "k" && !known {
        return None;
    }
    let line = Line::parse(&words);
    Some(line.commands().map_or(Shell::Nothing, Shell::Orders))
}

/// Flags that take a value in the next word when there is no `=`.
const WITH_VALUE: &[&str] = &[
    "-n",
    "--namespace",
    "--replicas",
    "--current-replicas",
    "--context",
    "--cluster",
    "--to-revision",
    "--revision",
    "--min",
    "--max",
    "--cpu-percent",
    "--cpu",
    "--tail",
    "-c",
    "--container",
    "-o",
    "--output",
    "--grace-period",
    "--since",
    "--timeout",
    "-l",
    "--selector",
];

#[derive(Debug, Default)]
struct Line<'l> {
    words: Vec<&'l str>,
    flags: Vec<(&'l str, Option<&'l str>)>,
}

impl<'l> Line<'l> {
    fn parse(words: &[&'l str]) -> Self {
        let mut line = Self::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if !word.starts_with('-') || word.len() < 2 {
                line.words.push(word);
            } else if let Some((flag, value)) = word.split_once('=') {
                line.flags.push((flag, Some(value)));
            } else if WITH_VALUE.contains(word) {
                line.flags.push((word, rest.next().copied()));
            } else if let Some(value) = word.strip_prefix("-n").filter(|_| !word.starts_with("--")) {
                line.flags.push(("-n", Some(value)));
            } else {
                line.flags.push((word, None));
            }
        }
        line
    }

    fn flag(&self, names: &[&str]) -> Option<&'l str> {
        self.flags.iter().find(|(name, _)| names.contains(name)).and_then(|(_, value)| *value)
    }

    fn has(&self, names: &[&str]) -> bool {
        self.flags.iter().any(|(name, _)| names.contains(name))
    }

    fn commands(&self) -> Option<Vec<Command>> {
        if self.has(&["--dry-run", "--help", "-h", "-l", "--selector"]) {
            return None;
        }
        match self.words.as_slice() {
            ["scale", rest @ ..] => self.named(Intent::Scale, rest, |command| self.replicas(command)),
            ["set", "image", rest @ ..] => self.images(rest),
            ["rollout", "restart", rest @ ..] => self.named(Intent::Restart, rest, |_| ()),
            ["rollout", "pause", rest @ ..] => self.named(Intent::Pause, rest, |_| ()),
            ["rollout", "resume", rest @ ..] => self.named(Intent::Resume, rest, |_| ()),
            ["rollout", "status", rest @ ..] => self.named(Intent::Status, rest, |_| ()),
            ["rollout", "history", rest @ ..] => self.named(Intent::History, rest, |command| self.revision(command)),
            ["rollout", "undo", rest @ ..] => self.named(Intent::Rollback, rest, |command| self.revision(command)),
            ["autoscale", rest @ ..] => self.named(Intent::Autoscale, rest, |command| {
                command.min = self.number(command, &["--min"]);
                command.max = self.number(command, &["--max"]);
                command.cpu = self.number(command, &["--cpu-percent", "--cpu"]);
            }),
            ["delete", rest @ ..] => self.named(Intent::Delete, rest, |_| ()),
            ["get" | "describe", kind] if is_deployment(kind) => {
                Some(vec![self.placed(Command::new(Intent::List, Score::ONE))])
            }
            ["get" | "describe", rest @ ..] => self.named(Intent::Status, rest, |_| ()),
            ["logs", rest @ ..] => self.named(Intent::Logs, rest, |command| {
                command.lines = self.number(command, &["--tail"]);
                command.container = self.flag(&["-c", "--container"]).map(mention);
            }),
            _ => None,
        }
    }

    fn named(&self, intent: Intent, rest: &[&str], fill: impl Fn(&mut Command)) -> Option<Vec<Command>> {
        let mut names = names(rest)?;
        if names.is_empty() && self.has(&["--all"]) {
            names.push(EVERYTHING);
        }
        let one = |name: &&str| {
            let mut command = self.placed(Command::new(intent, Score::ONE));
            command.deployment = Some(mention(name));
            fill(&mut command);
            command
        };
        (!names.is_empty()).then(|| names.iter().map(one).collect())
    }

    fn images(&self, rest: &[&str]) -> Option<Vec<Command>> {
        let (images, names): (Vec<&str>, Vec<&str>) = rest.iter().partition(|word| word.contains('='));
        let commands = self.named(Intent::SetImage, &names, |_| ())?;
        let with = |command: &Command, image: &&str| {
            let mut command = command.clone();
            let (container, reference) = image.split_once('=').unwrap_or(("", image));
            command.container = Some(mention(container));
            match ImageChange::parse(reference) {
                // `kubectl set image` knows no bare tags: `web=nginx` is the repository.
                Ok(ImageChange::Tag(whole)) => command.image = Some(ImageChange::Reference(whole)),
                Ok(image) => command.image = Some(image),
                Err(wrong) => command.faults.push(format!("“{reference}” {wrong}.")),
            }
            command
        };
        let filled: Vec<Command> =
            commands.iter().flat_map(|command| images.iter().map(|image| with(command, image))).collect();
        Some(if filled.is_empty() { commands } else { filled })
    }

    fn replicas(&self, command: &mut Command) {
        command.old = self
            .flag(&["--current-replicas"])
            .map(|said| StatedValue { words: said.to_owned(), count: said.parse().ok() });
        let Some(said) = self.flag(&["--replicas"]) else { return };
        match said.parse::<u32>().ok().filter(|n| i32::try_from(*n).is_ok()) {
            Some(n) => command.replicas = Some(Amount::To(n)),
            None => command.faults.push(format!("“{said}” is no number of replicas.")),
        }
    }

    fn revision(&self, command: &mut Command) {
        command.revision = self.number(command, &["--to-revision", "--revision"]).filter(|n| *n > 0);
    }

    fn number(&self, command: &mut Command, names: &[&str]) -> Option<u32> {
        let said = self.flag(names)?;
        let number = said.trim_end_matches('%').parse().ok();
        if number.is_none() {
            command.faults.push(format!("“{said}” is no number."));
        }
        number
    }

    /// With namespace and cluster, and a doubt for each flag that means more than is known here.
    fn placed(&self, mut command: Command) -> Command {
        const KNOWN: &[&str] = &[
            "-n",
            "--namespace",
            "--context",
            "--cluster",
            "--replicas",
            "--current-replicas",
            "--to-revision",
            "--revision",
            "--min",
            "--max",
            "--cpu-percent",
            "--cpu",
            "--tail",
            "-c",
            "--container",
            "-o",
            "--output",
            "--force",
            "--grace-period",
            "--no-headers",
            "--show-labels",
            "-w",
            "-A",
            "--all-namespaces",
        ];
        command.namespace = self.flag(&["-n", "--namespace"]).map(mention);
        command.cluster = self.flag(&["--context", "--cluster"]).map(mention);
        let unknown = self.flags.iter().filter(|(flag, _)| !KNOWN.contains(flag));
        command.doubts =
            unknown.map(|(flag, _)| format!("The flag “{flag}” is not something I take into account.")).collect();
        command
    }
}

fn is_deployment(kind: &str) -> bool {
    matches!(
        kind.to_lowercase().as_str(),
        "deploy" | "deployment" | "deployments" | "deployment.apps" | "deployments.apps" | "deploys"
    )
}

/// The Deployments that are named; `None` when another kind is.
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Command {
        match read(text) {
            Some(Shell::Orders(commands)) if commands.len() == 1 => commands[0].clone(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn known_flags_fill_slots() {
        let command = one("kubectl scale deploy/x --replicas=2 -n prod --force");
        assert_eq!((command.intent, command.replicas), (Intent::Scale, Some(Amount::To(2))));
        assert_eq!(command.deployment.as_ref().map(|d| d.words.as_str()), Some("x"));
        assert_eq!(command.namespace.as_ref().map(|d| d.words.as_str()), Some("prod"));
        assert!(command.doubts.is_empty());
        assert_eq!(one("`kubectl rollout undo deployment web --to-revision 3`").revision, Some(3));
        let image = one("kubectl set image deployment/web app=reg:5000/web:2 --context eu");
        assert_eq!(image.image, Some(ImageChange::Reference("reg:5000/web:2".into())));
        assert_eq!(image.cluster.map(|c| c.words), Some("eu".into()));
        assert_eq!(one("kubectl logs deploy/web --tail=50 -c app").lines, Some(50));
        assert_eq!(one("kubectl get deploy -A").intent, Intent::List);
        assert_eq!(one("kubectl scale deploy/x --replicas=-1").faults.len(), 1);
    }

    #[test]
    fn a_flag_that_means_more_is_a_doubt() {
        assert_eq!(one("kubectl scale deploy/x --replicas=2 --timeout=5s").doubts.len(), 1);
    }

    #[test]
    fn what_is_not_one_plain_command_orders_nothing() {
        for text in [
            "$ kubectl scale deploy/x --replicas=2",
            "kubectl scale deploy/x --replicas=2 --dry-run=client",
            "kubectl get pods | grep x",
            "kubectl scale deploy/x --replicas=2 # careful",
            "kubectl scale deploy/x --replicas=2\ndeployment.apps/x scaled",
            "kubectl delete pod x",
            "kubectl scale sts/x --replicas=2",
            "kubectl drain node-1",
            "kubectl",
        ] {
            assert_eq!(read(text), Some(Shell::Nothing), "{text}");
        }
        for text in ["scale x to 3", "k thanks", "please run kubectl scale deploy/x --replicas=2", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(rest in "( ?(scale|deploy/x|-n|--replicas|=|set image|a=b:c|--|-|\\PC)){0,12}") {
            let _ = read(&format!("kubectl {rest}"));
        }
    }
}

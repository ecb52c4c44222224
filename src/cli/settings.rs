//! Settings as flags, and in the help.

use std::fmt::Write as _;

use clap::{Arg, Command};

use crate::config::{self, About, Purpose};

/// Adds to a subcommand the flags of the settings it uses, and a paragraph on those without a flag.
pub(super) fn add(command: Command, purpose: Purpose) -> Command {
    let used = || config::all().filter(move |about| purpose.uses(about.group));
    let command = used().filter(|about| about.has_flag()).fold(command, |command, about| command.arg(flag(about)));
    let secret: Vec<&About> = used().filter(|about| !about.has_flag()).collect();
    if secret.is_empty() {
        return command;
    }
    let mut text = String::from("Secrets, from the environment or the settings file only:");
    for about in secret {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {}\n          {}", about.env.join(", "), about.help);
    }
    command.after_help(text)
}

fn flag(about: &About) -> Arg {
    let mut help = format!("{} [env: {}]", about.help, about.env.join(", "));
    let default = about.default.as_str();
    if !default.is_empty() {
        let _ = write!(help, " [default: {default}]");
    }
    Arg::new(about.key)
        .long(about.key)
        .value_name(about.value)
        .help(help)
        .help_heading(about.group.title())
        .allow_hyphen_values(false)
}

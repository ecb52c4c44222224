//! `readback train`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};

use crate::cli::{Out, RecipePart, TrainArgs};
use readback_core::domain::Intent;
use readback_nlu::train::{self, TrainOptions, Without, corpus, lint};

pub(super) fn run(args: &TrainArgs, out: &mut Out, err: &mut Out) -> anyhow::Result<ExitCode> {
    let examples: Vec<PathBuf> = std::iter::once(&args.examples).chain(&args.with).cloned().collect();
    if args.check {
        return check(&examples, out);
    }
    if args.words {
        return write_words(&examples, &args.out, out);
    }
    let options = options(args, examples)?;
    let report = train::run(&options, &mut |at| {
        let (gone, left) = (at.elapsed.as_secs(), at.left.as_secs());
        // Unread progress does not stop the training.
        let _ = err.line(format_args!(
            "{}: step {} of {}, loss {:.3}, {gone} s gone, {left} s left",
            at.stage, at.done, at.total, at.loss
        ));
    })?;
    out.line(serde_json::to_string_pretty(&report.manifest)?)?;
    let scores = &report.manifest.scores;
    for (intent, right) in Intent::ALL.iter().zip(&scores.by_intent).filter(|(_, right)| **right < train::WEAK) {
        out.line(format_args!(
            "{intent} needs more sentences: {:.0} % of its held-out clauses are read rightly",
            100.0 * right
        ))?;
    }
    if let Some(path) = &args.report {
        let text = serde_json::to_string_pretty(scores)? + "\n";
        std::fs::write(path, text).with_context(|| format!("writing `{}`", path.display()))?;
    }
    out.line(format_args!("{} bytes of weights after {} s", report.size, report.took.as_secs()))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the words that the orders of the examples are made of. Needs no network, so every build can do it.
fn write_words(examples: &[PathBuf], folder: &Path, out: &mut Out) -> anyhow::Result<ExitCode> {
    let (corpus, findings) = corpus::read(examples)?;
    ensure!(findings.is_empty(), "{} faults in the examples, the first: {}", findings.len(), findings[0]);
    let known = train::known_words(&corpus, &train::contrast::trained(examples)?);
    let path = folder.join("words.txt");
    std::fs::write(&path, known.write()).with_context(|| format!("writing `{}`", path.display()))?;
    out.line(format_args!("{} known words in `{}`", known.len(), path.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Lists the errors in the examples, and the messages that only the network can split.
fn check(examples: &[PathBuf], out: &mut Out) -> anyhow::Result<ExitCode> {
    let (corpus, mut findings) = corpus::read(examples)?;
    findings.extend(lint::lint(&corpus));
    for folder in examples {
        findings.extend(lint::near_evaluation(&corpus, folder)?);
    }
    let unsplit = lint::unsplit(&corpus);
    for finding in unsplit.iter().map(|finding| format!("note: {finding}")) {
        out.line(finding)?;
    }
    for finding in &findings {
        out.line(finding)?;
    }
    let (rows, faults) = (corpus.rows.len(), findings.len());
    out.line(format_args!(
        "{rows} example sentences, {faults} faults, {} messages that only the network can cut",
        unsplit.len()
    ))?;
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options(args: &TrainArgs, examples: Vec<PathBuf>) -> anyhow::Result<TrainOptions> {
    let recipe = TrainOptions::default();
    Ok(TrainOptions {
        examples,
        encoder: encoder(args.encoder.as_deref())?,
        out: args.out.clone(),
        seed: args.seed.unwrap_or(recipe.seed),
        layers: args.layers.unwrap_or(recipe.layers),
        vocabulary: args.vocabulary.unwrap_or(recipe.vocabulary),
        epochs: args.epochs.unwrap_or(recipe.epochs),
        folds: args.folds.unwrap_or(recipe.folds),
        measured_folds: args.measured_folds.unwrap_or(recipe.measured_folds),
        without: args.without.iter().copied().map(part).collect(),
        final_fit: !args.measure_only,
        threads: threads(args.threads),
        keep: args.keep.clone(),
        errors: args.errors.clone(),
        ..recipe
    })
}

const fn part(named: RecipePart) -> Without {
    match named {
        RecipePart::Gazetteer => Without::Gazetteer,
        RecipePart::Augmentation => Without::Augmentation,
        RecipePart::Background => Without::Background,
        RecipePart::Contrast => Without::Contrast,
    }
}

/// The encoder to start from; a build that cannot train reports that later.
pub(super) fn encoder(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let encoder = named.unwrap_or(Path::new("")).to_owned();
    ensure!(
        cfg!(not(feature = "rust-bert")) || !encoder.as_os_str().is_empty(),
        "no encoder to start from: `eval \"$(scripts/libtorch.sh)\"` fetches it and sets READBACK_MINILM, or name it with --encoder"
    );
    Ok(encoder)
}

/// The number of threads: as given, else one per core.
pub(super) fn threads(asked: Option<usize>) -> i32 {
    let threads = asked.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    threads.and_then(|threads| i32::try_from(threads).ok()).unwrap_or(1)
}

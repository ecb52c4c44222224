//! `readback bench-nlu`.

use std::process::ExitCode;

use super::teach::{encoder, threads};
use crate::cli::{BenchNluArgs, Out, YardstickName};
use readback_nlu::yardstick::{self, Yardstick, YardstickOptions};

pub(super) fn run(args: &BenchNluArgs, out: &mut Out, err: &mut Out) -> anyhow::Result<ExitCode> {
    let (yardstick, epochs) = match args.yardstick {
        YardstickName::Snips => (Yardstick::Snips, 6),
        YardstickName::Clinc150 => (Yardstick::Clinc150, 8),
    };
    let options = YardstickOptions {
        yardstick,
        folder: args.folder.clone(),
        encoder: encoder(args.encoder.as_deref())?,
        layers: args.layers,
        epochs: args.epochs.unwrap_or(epochs),
        learning_rate: args.rate,
        seed: args.seed,
        threads: threads(args.threads),
    };
    let measured = yardstick::run(&options, &mut |done, total, loss| {
        // Unread progress does not stop the work.
        let _ = err.line(format_args!("step {done} of {total}, loss {loss:.3}"));
    })?;
    let name = match yardstick {
        Yardstick::Snips => "SNIPS",
        Yardstick::Clinc150 => "CLINC150 (full)",
    };
    out.line(format_args!(
        "{name}, {} layers, {} epochs, seed {}, taught in {} s",
        options.layers,
        options.epochs,
        options.seed,
        measured.took.as_secs()
    ))?;
    out.text(measured.scores)?;
    if let Some(rejection) = measured.rejection {
        out.text(rejection)?;
    }
    Ok(ExitCode::SUCCESS)
}

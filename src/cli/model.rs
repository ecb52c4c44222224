//! The options of what teaches and measures the model.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What runs the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// In every build.
    #[default]
    Candle,
    /// rust-bert on libtorch, in a build with the cargo feature `rust-bert`.
    RustBert,
}

/// Options of `train`. What is `None` is as the recipe says.
#[derive(Clone, Debug, Args)]
pub struct TrainArgs {
    /// Only check the example sentences, and train nothing
    #[arg(long)]
    pub check: bool,
    /// Only learn the words that orders are made of, and write `words.txt`
    #[arg(long, conflicts_with = "check")]
    pub words: bool,
    /// The folder of example sentences
    #[arg(long, value_name = "DIR", default_value = "intents")]
    pub examples: PathBuf,
    /// A folder with more of them, in the same form; may be given several times
    #[arg(long, value_name = "DIR")]
    pub with: Vec<PathBuf>,
    /// Where the model is written
    #[arg(long, value_name = "DIR", default_value = "models")]
    pub out: PathBuf,
    /// The folder of the encoder to start from; `scripts/libtorch.sh` fetches it and names it in the variable
    #[arg(long, value_name = "DIR", env = "READBACK_MINILM", hide_env_values = true)]
    pub encoder: Option<PathBuf>,
    /// How many of the encoder's layers to keep [default: the recipe's]
    #[arg(long, value_name = "N", value_parser = from_1_to::<12>)]
    pub layers: Option<usize>,
    /// How many pieces of the encoder's vocabulary to keep, about [default: the recipe's]
    #[arg(long, value_name = "N", value_parser = from_1_to::<100_000>)]
    pub vocabulary: Option<usize>,
    /// How often each sentence is seen [default: the recipe's]
    #[arg(long, value_name = "N", value_parser = from_1_to::<1000>)]
    pub epochs: Option<usize>,
    /// How many folds are held out in turn to measure and to calibrate; 0 is none [default: the recipe's]
    #[arg(long, value_name = "N")]
    pub folds: Option<usize>,
    /// How many of the folds to measure, from the first [default: the first]
    #[arg(long, value_name = "N", value_parser = from_1_to::<100>)]
    pub measured_folds: Option<usize>,
    /// Leave a part of the recipe out, to see what it brings; may be given several times
    #[arg(long, value_enum, value_name = "PART")]
    pub without: Vec<RecipePart>,
    /// The seed of everything random [default: the recipe's]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How many threads to use [default: one a core]
    #[arg(long, value_name = "N", value_parser = from_1_to::<1024>)]
    pub threads: Option<usize>,
    /// Where to write the scores, in JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Where finished fits are kept, so that a training that was cut off goes on from there
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Measure on the folds only, and write no model
    #[arg(long)]
    pub measure_only: bool,
    /// Where to list the held-out sentences that were read wrongly
    #[arg(long, value_name = "FILE")]
    pub errors: Option<PathBuf>,
}

/// A part of the recipe that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RecipePart {
    /// What is known to be live
    Gazetteer,
    /// Other names, typos, small talk, composed messages
    Augmentation,
    /// Sentences that order nothing
    Background,
    /// Orders inside frames that change their meaning, or nothing
    Contrast,
}

/// Options of `bench-nlu`.
#[derive(Clone, Debug, Args)]
pub struct BenchNluArgs {
    /// Which data
    #[arg(value_enum)]
    pub yardstick: YardstickName,
    /// Where it lies: for snips the folders train, dev and test, for clinc150 a `data_full.json`
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The folder of the encoder to start from; `scripts/libtorch.sh` fetches it and names it in the variable
    #[arg(long, value_name = "DIR", env = "READBACK_MINILM", hide_env_values = true)]
    pub encoder: Option<PathBuf>,
    /// How many of the encoder's layers to keep
    #[arg(long, value_name = "N", default_value = "6", value_parser = from_1_to::<12>)]
    pub layers: usize,
    /// How often each message is seen [default: 6 for snips, 8 for clinc150]
    #[arg(long, value_name = "N", value_parser = from_1_to::<1000>)]
    pub epochs: Option<usize>,
    /// The learning rate of the encoder
    #[arg(long, value_name = "RATE", default_value = "2e-4")]
    pub rate: f64,
    /// The seed of everything random
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// How many threads to use [default: one a core]
    #[arg(long, value_name = "N", value_parser = from_1_to::<1024>)]
    pub threads: Option<usize>,
}

/// Which public data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum YardstickName {
    /// Intents and slots: 13,084 messages to learn from, 700 to measure on.
    Snips,
    /// 150 intents, and what is out of scope: the full set.
    Clinc150,
}

/// Options of `eval`.
#[derive(Clone, Debug, Args)]
pub struct EvalArgs {
    /// Rows of JSON: what `interpret` writes, with the right commands
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Put each executable order into the frames of this folder, and count what is executed in those that change its meaning
    /// and what is lost in those that change nothing
    #[arg(long, value_name = "DIR")]
    pub contrast: Option<PathBuf>,
    /// With --contrast: the most orders of each FILE that are put into each frame
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub orders: usize,
    /// Where to draw the risk–coverage curve of all rows, as SVG
    #[arg(long, value_name = "FILE")]
    pub curve: Option<PathBuf>,
    /// What is live, as for `interpret`
    #[arg(long, value_name = "FILE")]
    pub catalog: Option<PathBuf>,
    /// What runs the model
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,
}

fn from_1_to<const MOST: usize>(text: &str) -> Result<usize, String> {
    let found = text.parse().ok().filter(|n| (1..=MOST).contains(n));
    found.ok_or_else(|| format!("must be a whole number from 1 to {MOST}"))
}

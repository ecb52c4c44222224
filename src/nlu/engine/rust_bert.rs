//! The network on rust-bert: what is trained, and a second engine to serve it.

use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use rust_bert::bert::{BertConfig, BertEmbeddings, BertModel};
use safetensors::SafeTensors;
use tch::nn::{self, Init, Module, VarStore};
use tch::{Device, Kind, Tensor};

use super::{Engine, Output, row};
use crate::nlu::model::Shape;
use crate::nlu::slot::Tag;
use crate::nlu::wordpiece::Input;

/// The learning-rate group of the encoder's weights.
pub(crate) const ENCODER: usize = 0;
/// The learning-rate group of the heads' weights.
pub(crate) const HEADS: usize = 1;

/// The network and its variables.
pub(crate) struct Network {
    /// Every variable, by its name in the model.
    pub(crate) store: VarStore,
    bert: BertModel<BertEmbeddings>,
    dense: nn::Linear,
    out: nn::Linear,
    hint: nn::Embedding,
    slot: nn::Linear,
    /// What a path gains by starting with a tag.
    pub(crate) start: Tensor,
    /// What a path gains by ending with a tag.
    pub(crate) end: Tensor,
    /// What a path gains by one tag (row) before another (column).
    pub(crate) transitions: Tensor,
    dropout: f64,
}

/// Several inputs, padded to one length.
pub(crate) struct Batch {
    pieces: Tensor,
    mask: Tensor,
    /// For each segment of the batch, its share of each piece.
    means: Tensor,
    first: Tensor,
    hints: Tensor,
    /// Messages, and words in the longest.
    pub(crate) size: (i64, i64),
}

/// What the network says of a batch.
pub(crate) struct Logits {
    /// One row for each segment of the batch, message by message.
    pub(crate) intents: Tensor,
    /// Messages, words, tags.
    pub(crate) tags: Tensor,
    /// Messages, pieces, states.
    pub(crate) hidden: Tensor,
}

/// A size as libtorch counts.
#[expect(clippy::cast_possible_wrap, reason = "sizes of a small network")]
pub(crate) fn long(size: usize) -> i64 {
    size as i64
}

impl Network {
    /// A network of this shape, its weights random.
    pub(crate) fn new(shape: &Shape, dropout: f64) -> Self {
        let store = VarStore::new(Device::Cpu);
        let config = BertConfig {
            hidden_act: rust_bert::Activation::gelu,
            attention_probs_dropout_prob: dropout,
            hidden_dropout_prob: dropout,
            hidden_size: long(shape.hidden),
            initializer_range: 0.02,
            intermediate_size: long(shape.intermediate),
            max_position_embeddings: long(shape.positions),
            num_attention_heads: long(shape.heads),
            num_hidden_layers: long(shape.layers),
            type_vocab_size: 2,
            vocab_size: long(shape.vocabulary),
            ..BertConfig::default()
        };
        let (encoder, heads) = (store.root().set_group(ENCODER), store.root().set_group(HEADS));
        let bert = BertModel::new_with_optional_pooler(&encoder, &config, false);
        let (width, inner, hints) = (long(shape.hidden), long(shape.intent_hidden), long(shape.hint_width));
        let (intent, slot, tags) = (&heads / "intent", &heads / "slot", long(shape.tags));
        let small = Init::Uniform { lo: -0.1, up: 0.1 };
        let dense = nn::linear(&intent / "dense", width, inner, nn::LinearConfig::default());
        let out = nn::linear(&intent / "out", inner, long(shape.intents), nn::LinearConfig::default());
        let hint = nn::embedding(&slot / "hint", long(shape.hints), hints, nn::EmbeddingConfig::default());
        let linear = nn::linear(&slot / "out", width + hints, tags, nn::LinearConfig::default());
        let (start, end) = (slot.var("start", &[tags], small), slot.var("end", &[tags], small));
        let transitions = slot.var("transitions", &[tags, tags], small);
        Self { store, bert, dense, out, hint, slot: linear, start, end, transitions, dropout }
    }

    /// The logits of a batch.
    pub(crate) fn forward(&self, batch: &Batch, train: bool) -> anyhow::Result<Logits> {
        let output =
            self.bert.forward_t(Some(&batch.pieces), Some(&batch.mask), None, None, None, None, None, train)?;
        let hidden = output.hidden_state;
        let flat = hidden.flatten(0, 1);
        let means = batch.means.matmul(&flat).dropout(self.dropout, train);
        let intents = self.out.forward(&self.dense.forward(&means).tanh().dropout(self.dropout, train));
        let states = flat.index_select(0, &batch.first).dropout(self.dropout, train);
        let tags = self.slot.forward(&Tensor::cat(&[states, self.hint.forward(&batch.hints)], 1));
        let (messages, words) = batch.size;
        Ok(Logits { intents, tags: tags.reshape([messages, words, long(Tag::COUNT)]), hidden })
    }
}

impl Batch {
    /// Pads these inputs to one length.
    #[expect(clippy::cast_precision_loss, reason = "at most 128 pieces")]
    pub(crate) fn new(inputs: &[&Input]) -> Self {
        let length = inputs.iter().map(|input| input.pieces.len()).max().unwrap_or(0);
        let words = inputs.iter().map(|input| input.first.len()).max().unwrap_or(0);
        let (mut pieces, mut mask) = (Vec::new(), Vec::new());
        let (mut first, mut hints) = (Vec::new(), Vec::new());
        let mut means: Vec<f32> = Vec::new();
        let mut segments = 0;
        for (at, input) in inputs.iter().enumerate() {
            pieces.extend(input.pieces.iter().map(|piece| i64::from(*piece)));
            mask.extend(input.pieces.iter().map(|_| 1i64));
            pieces.resize((at + 1) * length, 0);
            mask.resize((at + 1) * length, 0);
            first.extend(input.first.iter().map(|place| long(at * length + place)));
            hints.extend(input.hints.iter().map(|hint| *hint as i64));
            first.resize((at + 1) * words, long(at * length));
            hints.resize((at + 1) * words, 0);
            for segment in &input.segments {
                let mut row = vec![0.0; inputs.len() * length];
                row[at * length + segment.start..at * length + segment.end].fill(1.0 / segment.len() as f32);
                means.append(&mut row);
                segments += 1;
            }
        }
        let shape = [long(inputs.len()), long(length)];
        Self {
            pieces: Tensor::from_slice(&pieces).reshape(shape),
            mask: Tensor::from_slice(&mask).reshape(shape),
            means: Tensor::from_slice(&means).reshape([segments, shape[0] * shape[1]]),
            first: Tensor::from_slice(&first),
            hints: Tensor::from_slice(&hints),
            size: (shape[0], long(words)),
        }
    }
}

/// The rows of a matrix.
pub(crate) fn rows(matrix: &Tensor) -> anyhow::Result<Vec<Vec<f32>>> {
    let size = matrix.size2().context("no matrix")?;
    let width = usize::try_from(size.1)?;
    let flat = Vec::<f32>::try_from(matrix.to_kind(Kind::Float).contiguous().view(-1))?;
    Ok(if width == 0 { Vec::new() } else { flat.chunks_exact(width).map(<[f32]>::to_vec).collect() })
}

/// The trained network, ready to run. libtorch's tensors are not shared between threads, so one runs at a time.
pub struct RustBert(Mutex<Network>);

impl RustBert {
    /// The network of these safetensors.
    ///
    /// # Errors
    /// When a tensor is missing, of another type or of another shape; it is named.
    pub fn new(safetensors: &[u8], shape: &Shape) -> anyhow::Result<Self> {
        let file = SafeTensors::deserialize(safetensors).context("the weights are no safetensors")?;
        let network = Network::new(shape, 0.0);
        for (name, mut variable) in network.store.variables() {
            let view = file.tensor(&name).with_context(|| format!("the weights have no `{name}`"))?;
            let size: Vec<i64> = view.shape().iter().copied().map(long).collect();
            anyhow::ensure!(size == variable.size(), "`{name}` is {size:?}, not {:?}", variable.size());
            anyhow::ensure!(view.dtype() == safetensors::Dtype::F16, "`{name}` is not of type F16");
            let value = Tensor::f_from_data_size(view.data(), &size, Kind::Half)?.to_kind(Kind::Float);
            tch::no_grad(|| variable.f_copy_(&value))?;
        }
        Ok(Self(Mutex::new(network)))
    }

    fn forward(&self, input: &Input) -> anyhow::Result<Logits> {
        let network = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tch::no_grad(|| network.forward(&Batch::new(&[input]), false))
    }
}

impl Engine for RustBert {
    fn run(&self, input: &Input) -> anyhow::Result<Output> {
        let logits = self.forward(input)?;
        Ok(Output {
            intents: rows(&logits.intents)?.iter().map(|values| row(values)).collect::<anyhow::Result<_>>()?,
            tags: rows(&logits.tags.squeeze_dim(0))?.iter().map(|values| row(values)).collect::<anyhow::Result<_>>()?,
        })
    }

    fn hidden(&self, input: &Input) -> anyhow::Result<Vec<Vec<f32>>> {
        rows(&self.forward(input)?.hidden.squeeze_dim(0))
    }

    fn name(&self) -> &'static str {
        "rust-bert"
    }
}

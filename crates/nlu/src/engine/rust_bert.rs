//! The network on rust-bert: for training, and as a second engine for serving.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use rust_bert::bert::{BertConfig, BertEmbeddings, BertModel};
use safetensors::SafeTensors;
use tch::nn::{self, Init, Module, VarStore};
use tch::{Device, Kind, Tensor};

use super::{Encoded, Engine, Intents, MessageKinds, row, word_rows};
use crate::manifest::Shape;
use crate::wordpiece::Input;

/// The learning-rate group of the encoder's weights.
pub(crate) const ENCODER: usize = 0;
/// The learning-rate group of the heads' weights.
pub(crate) const HEADS: usize = 1;

/// The network and its variables.
pub(crate) struct Network {
    /// Every variable, by its name in the model.
    pub(crate) store: VarStore,
    bert: BertModel<BertEmbeddings>,
    intent: Head,
    message: Head,
    hint: nn::Embedding,
    slot: nn::Linear,
    /// The score of a path that starts with each tag.
    pub(crate) start: Tensor,
    /// The score of a path that ends with each tag.
    pub(crate) end: Tensor,
    /// The score of each tag (row) followed by another (column).
    pub(crate) transitions: Tensor,
    dropout: f64,
    tags: i64,
    width: i64,
}

/// A head over mean states: a hidden layer and the logits.
struct Head {
    dense: nn::Linear,
    out: nn::Linear,
}

impl Head {
    fn new(path: &nn::Path<'_>, [width, inner, logits]: [i64; 3]) -> Self {
        let dense = nn::linear(path / "dense", width, inner, nn::LinearConfig::default());
        let out = nn::linear(path / "out", inner, logits, nn::LinearConfig::default());
        Self { dense, out }
    }

    fn logits(&self, means: &Tensor, dropout: f64, train: bool) -> Tensor {
        let inner = self.dense.forward(&means.dropout(dropout, train)).tanh();
        self.out.forward(&inner.dropout(dropout, train))
    }
}

/// Several inputs, padded to one length.
pub(crate) struct Batch {
    pieces: Tensor,
    mask: Tensor,
    types: Tensor,
    first: Tensor,
    hints: Tensor,
    /// The number of messages, and of words in the longest.
    pub(crate) size: (i64, i64),
}

/// A size in libtorch's integer type.
#[expect(clippy::cast_possible_wrap, reason = "sizes of a small network")]
pub(crate) fn long(size: usize) -> i64 {
    size as i64
}

impl Network {
    /// A network of this shape with random weights.
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
            // The encoder's token types carry the gazetteer hints.
            type_vocab_size: long(shape.hints),
            vocab_size: long(shape.vocabulary),
            ..BertConfig::default()
        };
        let (encoder, heads) = (store.root().set_group(ENCODER), store.root().set_group(HEADS));
        let bert = BertModel::new_with_optional_pooler(&encoder, &config, false);
        let (width, inner, hints) = (long(shape.hidden), long(shape.intent_hidden), long(shape.hint_width));
        let (slot, tags) = (&heads / "slot", long(shape.tags));
        let small = Init::Uniform { lo: -0.1, up: 0.1 };
        let intent = Head::new(&(&heads / "intent"), [width, inner, long(shape.intents)]);
        let message = Head::new(&(&heads / "message"), [width, inner, long(shape.messages)]);
        let hint = nn::embedding(&slot / "hint", long(shape.hints), hints, nn::EmbeddingConfig::default());
        let linear = nn::linear(&slot / "out", width + hints, tags + 1, nn::LinearConfig::default());
        let (start, end) = (slot.var("start", &[tags], small), slot.var("end", &[tags], small));
        let transitions = slot.var("transitions", &[tags, tags], small);
        Self { store, bert, intent, message, hint, slot: linear, start, end, transitions, dropout, tags, width }
    }

    /// The last layer's states of a batch: messages, pieces, states.
    pub(crate) fn states(&self, batch: &Batch, train: bool) -> anyhow::Result<Tensor> {
        let output = self.bert.forward_t(
            Some(&batch.pieces),
            Some(&batch.mask),
            Some(&batch.types),
            None,
            None,
            None,
            None,
            train,
        )?;
        Ok(output.hidden_state)
    }

    /// The logits of words: of the tags (messages, words, tags), and of a clause start (messages, words).
    pub(crate) fn words(&self, states: &Tensor, batch: &Batch, train: bool) -> (Tensor, Tensor) {
        let first = states.flatten(0, 1).index_select(0, &batch.first).dropout(self.dropout, train);
        let both = self.slot.forward(&Tensor::cat(&[first, self.hint.forward(&batch.hints)], 1));
        let (messages, words) = batch.size;
        let both = both.reshape([messages, words, self.tags + 1]);
        (both.narrow(2, 0, self.tags), both.select(2, self.tags))
    }

    /// The mean state of each clause, given its weight on each piece of the batch.
    pub(crate) fn clauses(&self, states: &Tensor, means: &Tensor) -> Tensor {
        means.matmul(&states.flatten(0, 1))
    }

    /// The logits of the intents of these clauses, from their mean states.
    pub(crate) fn intents(&self, clauses: &Tensor, train: bool) -> Tensor {
        self.intent.logits(clauses, self.dropout, train)
    }

    /// The logits of the kinds of these messages, from their mean states.
    pub(crate) fn messages(&self, means: &Tensor, train: bool) -> Tensor {
        self.message.logits(means, self.dropout, train)
    }

    /// The learned transition scores: at the start, at the end, and between tags in row-major order, the row being the
    /// previous tag.
    pub(crate) fn transitions(&self) -> anyhow::Result<[Vec<f32>; 3]> {
        let numbers = |tensor: &Tensor| Vec::<f32>::try_from(tensor.detach().contiguous().view(-1));
        Ok([numbers(&self.start)?, numbers(&self.end)?, numbers(&self.transitions)?])
    }
}

impl Batch {
    /// Pads these inputs to one length.
    pub(crate) fn new(inputs: &[&Input]) -> Self {
        let length = inputs.iter().map(|input| input.pieces.len()).max().unwrap_or(0);
        let words = inputs.iter().map(|input| input.first.len()).max().unwrap_or(0);
        let (mut pieces, mut mask, mut types) = (Vec::new(), Vec::new(), Vec::new());
        let (mut first, mut hints) = (Vec::new(), Vec::new());
        for (at, input) in inputs.iter().enumerate() {
            pieces.extend(input.pieces.iter().map(|piece| i64::from(*piece)));
            mask.extend(input.pieces.iter().map(|_| 1i64));
            types.extend(input.piece_hints().iter().map(|hint| *hint as i64));
            pieces.resize((at + 1) * length, 0);
            mask.resize((at + 1) * length, 0);
            types.resize((at + 1) * length, 0);
            first.extend(input.first.iter().map(|place| long(at * length + place)));
            hints.extend(input.hints.iter().map(|hint| *hint as i64));
            first.resize((at + 1) * words, long(at * length));
            hints.resize((at + 1) * words, 0);
        }
        let shape = [long(inputs.len()), long(length)];
        Self {
            pieces: Tensor::from_slice(&pieces).reshape(shape),
            mask: Tensor::from_slice(&mask).reshape(shape),
            types: Tensor::from_slice(&types).reshape(shape),
            first: Tensor::from_slice(&first),
            hints: Tensor::from_slice(&hints),
            size: (shape[0], long(words)),
        }
    }

    /// For each message, its weight on each piece of the batch.
    pub(crate) fn whole(&self) -> Tensor {
        let (messages, length) = self.mask.size2().unwrap_or((0, 0));
        let weights = self.mask.to_kind(Kind::Float);
        let weights = &weights / weights.sum_dim_intlist([1i64].as_slice(), true, Kind::Float);
        let own = Tensor::eye(messages, (Kind::Float, Device::Cpu)).unsqueeze(2);
        (own * weights.unsqueeze(0)).reshape([messages, messages * length])
    }

    /// For each clause of each message (ranges of pieces), its weight on each piece of the batch.
    #[expect(clippy::cast_precision_loss, reason = "at most 128 pieces")]
    pub(crate) fn means(&self, clauses: &[&[Range<usize>]]) -> Tensor {
        let (messages, length) = self.pieces.size2().unwrap_or((0, 0));
        let (messages, length) = (usize::try_from(messages).unwrap_or(0), usize::try_from(length).unwrap_or(0));
        let mut means: Vec<f32> = Vec::new();
        for (at, clauses) in clauses.iter().enumerate() {
            for clause in *clauses {
                let mut row = vec![0.0; messages * length];
                row[at * length + clause.start..at * length + clause.end].fill(1.0 / clause.len() as f32);
                means.append(&mut row);
            }
        }
        Tensor::from_slice(&means).reshape([-1, long(messages * length)])
    }
}

/// The rows of a matrix.
pub(crate) fn rows(matrix: &Tensor) -> anyhow::Result<Vec<Vec<f32>>> {
    let size = matrix.size2().context("no matrix")?;
    let width = usize::try_from(size.1)?;
    let flat = Vec::<f32>::try_from(matrix.to_kind(Kind::Float).contiguous().view(-1))?;
    Ok(if width == 0 { Vec::new() } else { flat.chunks_exact(width).map(<[f32]>::to_vec).collect() })
}

/// The trained network, ready to run. libtorch's tensors are not shared between threads, so one call runs at a time.
pub struct RustBert(Mutex<Network>);

impl RustBert {
    /// The network with these safetensors.
    ///
    /// # Errors
    /// When a tensor is missing, of another type or of another shape; the error names it.
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

    fn network(&self) -> std::sync::MutexGuard<'_, Network> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for RustBert {
    fn encode(&self, input: &Input) -> anyhow::Result<Encoded> {
        let network = self.network();
        let batch = Batch::new(&[input]);
        let (states, both) = tch::no_grad(|| {
            let states = network.states(&batch, false)?;
            let (tags, begins) = network.words(&states, &batch, false);
            anyhow::Ok((states, Tensor::cat(&[tags, begins.unsqueeze(2)], 2)))
        })?;
        let (tags, begins) = word_rows(&rows(&both.squeeze_dim(0))?)?;
        Ok(Encoded { states: Vec::try_from(states.contiguous().view(-1))?, tags, begins })
    }

    fn intents(&self, encoded: &Encoded, clauses: &[Range<usize>]) -> anyhow::Result<Vec<Intents>> {
        if clauses.is_empty() {
            return Ok(Vec::new());
        }
        let network = self.network();
        let states = Tensor::from_slice(&encoded.states).reshape([-1, network.width]);
        let means = clauses.iter().map(|clause| {
            let rows = states.narrow(0, long(clause.start), long(clause.len()));
            rows.mean_dim([0i64].as_slice(), false, Kind::Float)
        });
        let means = Tensor::stack(&means.collect::<Vec<_>>(), 0);
        let logits = tch::no_grad(|| network.intents(&means, false));
        rows(&logits)?.iter().map(|values| row(values)).collect()
    }

    fn message(&self, encoded: &Encoded) -> anyhow::Result<MessageKinds> {
        let network = self.network();
        let states = Tensor::from_slice(&encoded.states).reshape([-1, network.width]);
        let mean = states.mean_dim([0i64].as_slice(), true, Kind::Float);
        let logits = rows(&tch::no_grad(|| network.messages(&mean, false)))?;
        row(logits.first().context("the network gave no logits")?)
    }

    fn name(&self) -> &'static str {
        "rust-bert"
    }
}

//! The network on candle: one message at a time, without padding and masks, computing only what a head reads.

use std::ops::Range;

use anyhow::Context;
use candle_core::{DType, Device, Tensor};
use candle_nn::ops::{layer_norm, softmax_last_dim};
use half::f16;
use safetensors::SafeTensors;

use super::{Encoded, Engine, Intents, MessageKinds, row, word_rows};
use crate::manifest::Shape;
use crate::wordpiece::Input;

mod gelu;
mod packed;

use gelu::Gelu;
use packed::Packed;

const EPSILON: f32 = 1e-12;

/// The network, ready to run.
#[derive(Debug)]
pub struct Candle {
    /// In half precision: only a few rows are read per message.
    words: Tensor,
    places: Tensor,
    /// The embeddings of the gazetteer hints.
    types: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
    intent: Head,
    message: Head,
    hints: Tensor,
    slot: Packed,
    heads: usize,
}

#[derive(Debug)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
}

/// A head over mean states: a hidden layer and the logits.
#[derive(Debug)]
struct Head {
    dense: Packed,
    out: Packed,
}

#[derive(Debug)]
struct Layer {
    query_key_value: Packed,
    attention: Packed,
    attention_norm: Norm,
    wide: Packed,
    narrow: Packed,
    norm: Norm,
}

/// The named tensors of a model.
struct Weights<'w>(SafeTensors<'w>);

impl Weights<'_> {
    fn get(&self, name: &str, shape: &[usize]) -> anyhow::Result<Tensor> {
        Ok(self.halves(name, shape)?.to_dtype(DType::F32)?)
    }

    fn halves(&self, name: &str, shape: &[usize]) -> anyhow::Result<Tensor> {
        let view = self.0.tensor(name).with_context(|| format!("the weights have no `{name}`"))?;
        anyhow::ensure!(view.shape() == shape, "`{name}` is {:?}, not {shape:?}", view.shape());
        let found = view.dtype();
        anyhow::ensure!(found == safetensors::Dtype::F16, "`{name}` is of type {found:?}, not F16");
        Ok(Tensor::from_raw_buffer(view.data(), DType::F16, shape, &Device::Cpu)?)
    }

    /// The layers of these names concatenated to one layer.
    fn packed(&self, names: &[String], inputs: usize, outputs: usize) -> anyhow::Result<Packed> {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for name in names {
            let weight = self.halves(&format!("{name}.weight"), &[outputs, inputs])?;
            weights.extend(weight.flatten_all()?.to_vec1::<f16>()?);
            biases.extend(self.get(&format!("{name}.bias"), &[outputs])?.to_vec1::<f32>()?);
        }
        anyhow::ensure!(
            weights.iter().all(|weight| weight.is_finite()),
            "a weight of `{}` is no number",
            names.join("`, `")
        );
        Ok(Packed::new(&weights, biases, inputs))
    }

    fn linear(&self, name: &str, inputs: usize, outputs: usize) -> anyhow::Result<Packed> {
        self.packed(&[name.to_owned()], inputs, outputs)
    }

    fn head(&self, name: &str, [width, inner, logits]: [usize; 3]) -> anyhow::Result<Head> {
        Ok(Head {
            dense: self.linear(&format!("{name}.dense"), width, inner)?,
            out: self.linear(&format!("{name}.out"), inner, logits)?,
        })
    }

    fn norm(&self, name: &str, width: usize) -> anyhow::Result<Norm> {
        Ok(Norm {
            weight: self.get(&format!("{name}.weight"), &[width])?,
            bias: self.get(&format!("{name}.bias"), &[width])?,
        })
    }

    fn layer(&self, at: usize, shape: &Shape) -> anyhow::Result<Layer> {
        let name = format!("encoder.layer.{at}");
        let width = shape.hidden;
        let parts = ["query", "key", "value"].map(|part| format!("{name}.attention.self.{part}"));
        Ok(Layer {
            query_key_value: self.packed(&parts, width, width)?,
            attention: self.linear(&format!("{name}.attention.output.dense"), width, width)?,
            attention_norm: self.norm(&format!("{name}.attention.output.LayerNorm"), width)?,
            wide: self.linear(&format!("{name}.intermediate.dense"), width, shape.intermediate)?,
            narrow: self.linear(&format!("{name}.output.dense"), shape.intermediate, width)?,
            norm: self.norm(&format!("{name}.output.LayerNorm"), width)?,
        })
    }
}

impl Norm {
    fn apply(&self, rows: &Tensor) -> candle_core::Result<Tensor> {
        layer_norm(rows, &self.weight, &self.bias, EPSILON)
    }

    fn width(&self) -> candle_core::Result<usize> {
        self.weight.dims1()
    }
}

impl Head {
    fn logits(&self, means: &Tensor) -> candle_core::Result<Vec<Vec<f32>>> {
        means.apply_op1_no_bwd(&self.dense)?.tanh()?.apply_op1_no_bwd(&self.out)?.to_vec2()
    }
}

impl Layer {
    /// Applies the encoder layer to rows of states.
    fn apply(&self, x: &Tensor, heads: usize) -> candle_core::Result<Tensor> {
        let mixed = self.mix(x, heads)?.apply_op1_no_bwd(&self.attention)?;
        let x = self.attention_norm.apply(&mixed.add(x)?)?;
        let wide = x.apply_op1_no_bwd(&self.wide)?.apply_op1_no_bwd(&Gelu)?;
        self.norm.apply(&wide.apply_op1_no_bwd(&self.narrow)?.add(&x)?)
    }

    /// The self-attention of all rows.
    fn mix(&self, x: &Tensor, heads: usize) -> candle_core::Result<Tensor> {
        let (length, width) = x.dims2()?;
        let part = width / heads;
        let parts = x.apply_op1_no_bwd(&self.query_key_value)?.reshape((length, 3, heads, part))?;
        let of_head = |at: usize| parts.narrow(1, at, 1)?.squeeze(1)?.transpose(0, 1);
        #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
        let scale = 1.0 / (part as f64).sqrt();
        let scores = of_head(0)?.contiguous()?.matmul(&of_head(1)?.transpose(1, 2)?.contiguous()?)?;
        let attention = softmax_last_dim(&(scores * scale)?)?;
        attention.matmul(&of_head(2)?.contiguous()?)?.transpose(0, 1)?.contiguous()?.reshape((length, width))
    }
}

impl Candle {
    /// The network with these safetensors.
    ///
    /// # Errors
    /// When a tensor is missing, of another type or of another shape; the error names it.
    pub fn new(safetensors: &[u8], shape: &Shape) -> anyhow::Result<Self> {
        let weights = Weights(SafeTensors::deserialize(safetensors).context("the weights are no safetensors")?);
        let (width, inner) = (shape.hidden, shape.intent_hidden);
        Ok(Self {
            words: weights.halves("embeddings.word_embeddings.weight", &[shape.vocabulary, width])?,
            places: weights.get("embeddings.position_embeddings.weight", &[shape.positions, width])?,
            types: weights.get("embeddings.token_type_embeddings.weight", &[shape.hints, width])?,
            norm: weights.norm("embeddings.LayerNorm", width)?,
            layers: (0..shape.layers).map(|at| weights.layer(at, shape)).collect::<anyhow::Result<_>>()?,
            intent: weights.head("intent", [width, inner, shape.intents])?,
            message: weights.head("message", [width, inner, shape.messages])?,
            hints: weights.get("slot.hint.weight", &[shape.hints, shape.hint_width])?,
            slot: weights.linear("slot.out", width + shape.hint_width, shape.tags + 1)?,
            heads: shape.heads,
        })
    }

    fn states(&self, input: &Input) -> candle_core::Result<Tensor> {
        let pieces = Tensor::new(input.pieces.as_slice(), &Device::Cpu)?;
        let words = self.words.index_select(&pieces, 0)?.to_dtype(DType::F32)?;
        let hints: Vec<u32> = input.piece_hints().iter().map(|hint| *hint as u32).collect();
        let types = self.types.index_select(&Tensor::new(hints, &Device::Cpu)?, 0)?;
        let places = self.places.narrow(0, 0, input.pieces.len())?;
        let mut x = self.norm.apply(&((words + places)? + types)?)?;
        for layer in &self.layers {
            x = layer.apply(&x, self.heads)?;
        }
        Ok(x)
    }

    fn words(&self, states: &Tensor, input: &Input) -> candle_core::Result<Vec<Vec<f32>>> {
        if input.first.is_empty() {
            return Ok(Vec::new());
        }
        let first: Vec<u32> = input.first.iter().filter_map(|at| u32::try_from(*at).ok()).collect();
        let hints: Vec<u32> = input.hints.iter().map(|hint| *hint as u32).collect();
        let states = states.index_select(&Tensor::new(first, &Device::Cpu)?, 0)?;
        let hints = self.hints.index_select(&Tensor::new(hints, &Device::Cpu)?, 0)?;
        Tensor::cat(&[states, hints], 1)?.apply_op1_no_bwd(&self.slot)?.to_vec2()
    }
}

impl Engine for Candle {
    fn encode(&self, input: &Input) -> anyhow::Result<Encoded> {
        let states = self.states(input)?;
        let (tags, begins) = word_rows(&self.words(&states, input)?)?;
        Ok(Encoded { states: states.flatten_all()?.to_vec1()?, tags, begins })
    }

    fn intents(&self, encoded: &Encoded, clauses: &[Range<usize>]) -> anyhow::Result<Vec<Intents>> {
        if clauses.is_empty() {
            return Ok(Vec::new());
        }
        let width = self.norm.width()?;
        let states = Tensor::from_slice(&encoded.states, (encoded.states.len() / width, width), &Device::Cpu)?;
        let means = clauses.iter().map(|clause| states.narrow(0, clause.start, clause.len())?.mean(0));
        let means = Tensor::stack(&means.collect::<candle_core::Result<Vec<_>>>()?, 0)?;
        self.intent.logits(&means)?.iter().map(|values| row(values)).collect()
    }

    fn message(&self, encoded: &Encoded) -> anyhow::Result<MessageKinds> {
        let width = self.norm.width()?;
        let states = Tensor::from_slice(&encoded.states, (encoded.states.len() / width, width), &Device::Cpu)?;
        row(self.message.logits(&states.mean_keepdim(0)?)?.first().context("the network gave no logits")?)
    }

    fn name(&self) -> &'static str {
        "candle"
    }
}

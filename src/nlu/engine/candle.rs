//! The network on candle: one message at a time, no padding and no masks, nothing computed that no head reads.

use anyhow::Context;
use candle_core::{DType, Device, Tensor};
use candle_nn::ops::{layer_norm, softmax_last_dim};
use safetensors::SafeTensors;

use super::{Engine, Output, row};
use crate::nlu::model::Shape;
use crate::nlu::wordpiece::Input;

mod gelu;

use gelu::BiasGelu;

const EPSILON: f32 = 1e-12;

/// The network, ready to run.
#[derive(Debug)]
pub struct Candle {
    /// In half precision: only a few rows are read for a message.
    words: Tensor,
    places: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
    intent: [Linear; 2],
    hints: Tensor,
    slot: Linear,
    heads: usize,
}

#[derive(Debug)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
}

/// `W·xᵗ + b`: with so few columns, the long side first is the faster product. States stand in columns here, and in
/// rows where they are normalised.
#[derive(Debug)]
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

#[derive(Debug)]
struct Layer {
    query_key_value: Linear,
    attention: Linear,
    attention_norm: Norm,
    wide: Linear,
    narrow: Linear,
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

    fn linear(&self, name: &str, input: usize, output: usize) -> anyhow::Result<Linear> {
        let weight = self.get(&format!("{name}.weight"), &[output, input])?;
        let bias = self.get(&format!("{name}.bias"), &[output])?;
        Ok(Linear { weight, bias: bias.unsqueeze(1)? })
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
        let [query, key, value] =
            ["query", "key", "value"].map(|part| self.linear(&format!("{name}.attention.self.{part}"), width, width));
        let (query, key, value) = (query?, key?, value?);
        #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
        let scale = 1.0 / ((width / shape.heads) as f64).sqrt();
        let query = Linear { weight: (query.weight * scale)?, bias: (query.bias * scale)? };
        Ok(Layer {
            query_key_value: Linear {
                weight: Tensor::cat(&[query.weight, key.weight, value.weight], 0)?,
                bias: Tensor::cat(&[query.bias, key.bias, value.bias], 0)?,
            },
            attention: self.linear(&format!("{name}.attention.output.dense"), width, width)?,
            attention_norm: self.norm(&format!("{name}.attention.output.LayerNorm"), width)?,
            wide: self.linear(&format!("{name}.intermediate.dense"), width, shape.intermediate)?,
            narrow: self.linear(&format!("{name}.output.dense"), shape.intermediate, width)?,
            norm: self.norm(&format!("{name}.output.LayerNorm"), width)?,
        })
    }
}

impl Linear {
    fn apply(&self, columns: &Tensor) -> candle_core::Result<Tensor> {
        self.weight.matmul(columns)?.broadcast_add(&self.bias)
    }
}

impl Norm {
    fn apply(&self, rows: &Tensor) -> candle_core::Result<Tensor> {
        layer_norm(rows, &self.weight, &self.bias, EPSILON)
    }
}

impl Layer {
    /// Rows in, rows out.
    fn apply(&self, x: &Tensor, heads: usize) -> candle_core::Result<Tensor> {
        let (length, width) = x.dims2()?;
        let parts = self.query_key_value.apply(&x.t()?)?.reshape((3, heads, width / heads, length))?;
        let (query, key, value) = (parts.get(0)?, parts.get(1)?, parts.get(2)?);
        let attention = softmax_last_dim(&query.transpose(1, 2)?.matmul(&key)?)?;
        let mixed = value.matmul(&attention.transpose(1, 2)?)?.reshape((width, length))?;
        let x = self.attention_norm.apply(&rows(&self.attention.apply(&mixed)?)?.add(x)?)?;
        let wide = self.wide.weight.matmul(&x.t()?)?.apply_op2_no_bwd(&self.wide.bias, &BiasGelu)?;
        self.norm.apply(&rows(&self.narrow.apply(&wide)?)?.add(&x)?)
    }
}

/// Columns as rows.
fn rows(columns: &Tensor) -> candle_core::Result<Tensor> {
    columns.t()?.contiguous()
}

impl Candle {
    /// The network of these safetensors.
    ///
    /// # Errors
    /// When a tensor is missing, of another type or of another shape; it is named.
    pub fn new(safetensors: &[u8], shape: &Shape) -> anyhow::Result<Self> {
        let weights = Weights(SafeTensors::deserialize(safetensors).context("the weights are no safetensors")?);
        let (width, inner) = (shape.hidden, shape.intent_hidden);
        let token_type = weights.get("embeddings.token_type_embeddings.weight", &[2, width])?;
        let places = weights.get("embeddings.position_embeddings.weight", &[shape.positions, width])?;
        Ok(Self {
            words: weights.halves("embeddings.word_embeddings.weight", &[shape.vocabulary, width])?,
            places: places.broadcast_add(&token_type.get(0)?)?,
            norm: weights.norm("embeddings.LayerNorm", width)?,
            layers: (0..shape.layers).map(|at| weights.layer(at, shape)).collect::<anyhow::Result<_>>()?,
            intent: [
                weights.linear("intent.dense", width, inner)?,
                weights.linear("intent.out", inner, shape.intents)?,
            ],
            hints: weights.get("slot.hint.weight", &[shape.hints, shape.hint_width])?,
            slot: weights.linear("slot.out", width + shape.hint_width, shape.tags)?,
            heads: shape.heads,
        })
    }

    fn encode(&self, input: &Input) -> candle_core::Result<Tensor> {
        let pieces = Tensor::new(input.pieces.as_slice(), &Device::Cpu)?;
        let words = self.words.index_select(&pieces, 0)?.to_dtype(DType::F32)?;
        let mut x = self.norm.apply(&(words + self.places.narrow(0, 0, input.pieces.len())?)?)?;
        for layer in &self.layers {
            x = layer.apply(&x, self.heads)?;
        }
        Ok(x)
    }

    fn intents(&self, hidden: &Tensor, input: &Input) -> candle_core::Result<Vec<Vec<f32>>> {
        if input.segments.is_empty() {
            return Ok(Vec::new());
        }
        let means = input.segments.iter().map(|segment| hidden.narrow(0, segment.start, segment.len())?.mean(0));
        let means = Tensor::stack(&means.collect::<candle_core::Result<Vec<_>>>()?, 0)?;
        let [dense, out] = &self.intent;
        rows(&out.apply(&dense.apply(&means.t()?)?.tanh()?)?)?.to_vec2()
    }

    fn tags(&self, hidden: &Tensor, input: &Input) -> candle_core::Result<Vec<Vec<f32>>> {
        if input.first.is_empty() {
            return Ok(Vec::new());
        }
        let first: Vec<u32> = input.first.iter().filter_map(|at| u32::try_from(*at).ok()).collect();
        let hints: Vec<u32> = input.hints.iter().map(|hint| *hint as u32).collect();
        let states = hidden.index_select(&Tensor::new(first, &Device::Cpu)?, 0)?;
        let hints = self.hints.index_select(&Tensor::new(hints, &Device::Cpu)?, 0)?;
        rows(&self.slot.apply(&Tensor::cat(&[states, hints], 1)?.t()?)?)?.to_vec2()
    }
}

impl Engine for Candle {
    fn run(&self, input: &Input) -> anyhow::Result<Output> {
        let hidden = self.encode(input)?;
        let intents = self.intents(&hidden, input)?;
        let tags = self.tags(&hidden, input)?;
        Ok(Output {
            intents: intents.iter().map(|values| row(values)).collect::<anyhow::Result<_>>()?,
            tags: tags.iter().map(|values| row(values)).collect::<anyhow::Result<_>>()?,
        })
    }

    fn hidden(&self, input: &Input) -> anyhow::Result<Vec<Vec<f32>>> {
        Ok(self.encode(input)?.to_vec2()?)
    }

    fn name(&self) -> &'static str {
        "candle"
    }
}

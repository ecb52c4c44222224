//! `x·Wᵗ + b` for the few rows of one message, with weights packed once.
//!
//! A general matrix product packs both operands at every call and reads the weights in single precision: for a message
//! of sixteen pieces that takes longer than the arithmetic. Here the weights stay in half precision, in panels of
//! [`WIDE`] outputs, so that those of all layers fit into the processor's cache; each panel is widened once and used
//! for all rows while it is in the nearest cache.

#![expect(clippy::inline_always, reason = "only inlined code is compiled for the processor at hand")]

use candle_core::{CpuStorage, CustomOp1, Error, Layout, Result, Shape};
use half::f16;
use pulp::{Arch, Simd, WithSimd};

/// Outputs per panel: two registers of eight numbers.
const WIDE: usize = 16;
/// Inputs widened at a time: so many rows of a panel stay in the nearest cache.
const DEEP: usize = 384;
/// Maximum rows computed together: with two registers each, they and the weights fill the sixteen registers.
const ROWS: usize = 6;

/// A linear layer with packed weights.
#[derive(Debug)]
pub(super) struct Packed {
    /// For each panel, for each input, the weights of its outputs; the last panel is padded with zeros.
    panels: Vec<f16>,
    bias: Vec<f32>,
    inputs: usize,
}

impl Packed {
    /// A layer with these weights, one row per output, and these biases.
    pub(super) fn new(weights: &[f16], bias: Vec<f32>, inputs: usize) -> Self {
        let mut panels = Vec::with_capacity(weights.len().next_multiple_of(WIDE * inputs.max(1)));
        for rows in weights.chunks(WIDE * inputs.max(1)) {
            for input in 0..inputs {
                let column = rows.iter().skip(input).step_by(inputs).copied();
                panels.extend(column.chain(std::iter::repeat(f16::ZERO)).take(WIDE));
            }
        }
        Self { panels, bias, inputs }
    }

    /// The outputs for some rows of inputs.
    fn apply(&self, x: &[f32]) -> Vec<f32> {
        let outputs = self.bias.len();
        let rows = x.len() / self.inputs.max(1);
        // Tiles of equal size: a tile of one row takes nearly as long as one of five.
        let tile = rows.div_ceil(rows.div_ceil(ROWS).max(1)).max(1);
        let tiles = tiles(x, self.inputs, tile);
        let mut y: Vec<f32> = std::iter::repeat_n(self.bias.as_slice(), rows).flatten().copied().collect();
        let mut wide = vec![0.0f32; WIDE * DEEP];
        let arch = Arch::new();
        for (panel, first) in self.panels.chunks_exact(WIDE * self.inputs.max(1)).zip((0..outputs).step_by(WIDE)) {
            for (part, from) in panel.chunks(WIDE * DEEP).zip((0..self.inputs).step_by(DEEP)) {
                let weights = &mut wide[..part.len()];
                arch.dispatch(|| widen(part, weights));
                let place = TilePlace { first, outputs, from, depth: weights.len() / WIDE, inputs: self.inputs, tile };
                arch.dispatch(Panel { weights, tiles: &tiles, y: &mut y, place });
            }
        }
        y
    }
}

/// Converts half precision to single. Weights are finite, so that shifting the bits into place and correcting the
/// exponent by a product is enough, and the compiler vectorises it for eight at a time.
#[inline(always)]
fn widen(halves: &[f16], singles: &mut [f32]) {
    const EXPONENT: f32 = f32::from_bits((127 + 112) << 23);
    for (half, single) in halves.iter().zip(singles) {
        let bits = u32::from(half.to_bits());
        let size = f32::from_bits((bits & 0x7fff) << 13) * EXPONENT;
        *single = f32::from_bits(size.to_bits() | (bits & 0x8000) << 16);
    }
}

/// The rows in tiles of `tile` rows, and within a tile input by input, in the order of use. The last tile may be
/// smaller.
fn tiles(x: &[f32], inputs: usize, tile: usize) -> Vec<f32> {
    let mut tiles = Vec::with_capacity(x.len());
    for tile in x.chunks(tile * inputs.max(1)) {
        for input in 0..inputs {
            tiles.extend(tile.iter().skip(input).step_by(inputs));
        }
    }
    tiles
}

/// The position of a part of a panel.
#[derive(Clone, Copy)]
struct TilePlace {
    /// Its first output, and the number of outputs of the layer.
    first: usize,
    outputs: usize,
    /// Its first input, its number of inputs, and the number of inputs of the layer.
    from: usize,
    depth: usize,
    inputs: usize,
    /// Rows per tile, at most [`ROWS`].
    tile: usize,
}

/// One part of a panel, for all rows.
struct Panel<'p> {
    weights: &'p [f32],
    tiles: &'p [f32],
    y: &'p mut [f32],
    place: TilePlace,
}

impl WithSimd for Panel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            4 => self.all::<S, 4>(simd),
            8 => self.all::<S, 2>(simd),
            16 => self.all::<S, 1>(simd),
            _ => self.all::<S, WIDE>(simd),
        }
    }
}

impl Panel<'_> {
    /// `V` is the width of a panel in registers.
    #[inline(always)]
    fn all<S: Simd, const V: usize>(self, simd: S) {
        let TilePlace { first, outputs, from, depth, inputs, tile } = self.place;
        let (weights, _) = S::as_simd_f32s(self.weights);
        let tiles = self.tiles.chunks(tile * inputs);
        for (tile, y) in tiles.zip(self.y.chunks_mut(tile * outputs)) {
            let rows = tile.len() / inputs;
            let x = &tile[from * rows..(from + depth) * rows];
            match rows {
                1 => sum::<S, 1, V>(simd, weights, x, y, first, outputs),
                2 => sum::<S, 2, V>(simd, weights, x, y, first, outputs),
                3 => sum::<S, 3, V>(simd, weights, x, y, first, outputs),
                4 => sum::<S, 4, V>(simd, weights, x, y, first, outputs),
                5 => sum::<S, 5, V>(simd, weights, x, y, first, outputs),
                _ => sum::<S, ROWS, V>(simd, weights, x, y, first, outputs),
            }
        }
    }
}

/// Adds the products of these inputs with one panel to `T` rows of outputs.
#[inline(always)]
fn sum<S: Simd, const T: usize, const V: usize>(
    simd: S,
    weights: &[S::f32s],
    x: &[f32],
    y: &mut [f32],
    first: usize,
    outputs: usize,
) {
    let mut sums = [[simd.splat_f32s(0.0); V]; T];
    for (weights, x) in weights.as_chunks::<V>().0.iter().zip(x.as_chunks::<T>().0) {
        for (sums, x) in sums.iter_mut().zip(x) {
            let x = simd.splat_f32s(*x);
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum = simd.mul_add_f32s(*weight, x, *sum);
            }
        }
    }
    for (sums, y) in sums.iter().zip(y.chunks_exact_mut(outputs)) {
        let end = (first + WIDE).min(outputs);
        let numbers: [[f32; WIDE]; V] = std::array::from_fn(|at| {
            let mut numbers = [0.0; WIDE];
            let lanes = S::F32_LANES.min(WIDE);
            S::as_mut_simd_f32s(&mut numbers[..lanes]).0[0] = sums[at];
            numbers
        });
        let sums = numbers.iter().flat_map(|numbers| &numbers[..S::F32_LANES.min(WIDE)]);
        for (y, sum) in y[first..end].iter_mut().zip(sums) {
            *y += sum;
        }
    }
}

impl CustomOp1 for Packed {
    fn name(&self) -> &'static str {
        "packed-linear"
    }

    fn cpu_fwd(&self, x: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, inputs) = at.shape().dims2()?;
        let (from, to) =
            at.contiguous_offsets().ok_or_else(|| Error::Msg("packed-linear: not contiguous".to_owned()))?;
        if inputs != self.inputs {
            return Err(Error::Msg(format!("packed-linear: {inputs} inputs, not {}", self.inputs)));
        }
        let y = self.apply(&x.as_slice::<f32>()?[from..to]);
        Ok((CpuStorage::F32(y), Shape::from((rows, self.bias.len()))))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_finite_half_is_widened_exactly() {
        let halves: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).filter(|half| half.is_finite()).collect();
        let mut singles = vec![0.0; halves.len()];
        widen(&halves, &mut singles);
        assert!(halves.iter().zip(&singles).all(|(half, single)| half.to_f32().to_bits() == single.to_bits()));
    }

    proptest! {
        #[test]
        fn the_packed_layer_matches_the_matrix_product(rows in 1usize..20, inputs in 1usize..800, outputs in 1usize..50, seed in 0usize..9) {
            let number = |at: usize| f32::from(u8::try_from((at * 37 + seed * 11) % 19).unwrap()) / 8.0 - 1.0;
            let weights: Vec<f16> = (0..inputs * outputs).map(|at| f16::from_f32(number(at))).collect();
            let bias: Vec<f32> = (0..outputs).map(number).collect();
            let x: Vec<f32> = (0..rows * inputs).map(|at| number(at + 5)).collect();
            let y = Packed::new(&weights, bias.clone(), inputs).apply(&x);
            prop_assert_eq!(y.len(), rows * outputs);
            for (at, y) in y.iter().enumerate() {
                let (row, output) = (at / outputs, at % outputs);
                let products = (0..inputs).map(|i| x[row * inputs + i] * weights[output * inputs + i].to_f32());
                let wanted = bias[output] + products.sum::<f32>();
                prop_assert!((y - wanted).abs() < 1e-2, "{y} is not {wanted}");
            }
        }
    }
}

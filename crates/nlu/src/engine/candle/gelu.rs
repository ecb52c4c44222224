//! The GELU activation: candle's own takes as long as a matrix product.

use candle_core::{CpuStorage, CustomOp1, Error, Layout, Result, Shape};
use pulp::Arch;

/// The activation, element by element.
pub(super) struct Gelu;

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, at: &Layout) -> Result<(CpuStorage, Shape)> {
        let (from, to) = at.contiguous_offsets().ok_or_else(|| Error::Msg("gelu: not contiguous".to_owned()))?;
        let mut out = x.as_slice::<f32>()?[from..to].to_vec();
        Arch::new().dispatch(|| out.iter_mut().for_each(|x| *x = gelu(*x)));
        Ok((CpuStorage::F32(out), at.shape().clone()))
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "only inlined code is compiled for the processor at hand")]
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function as a rational approximation, within 1e-6: no branch and no call, so that it is vectorised.
#[inline(always)]
#[expect(clippy::inline_always, reason = "only inlined code is compiled for the processor at hand")]
#[expect(clippy::excessive_precision, reason = "the coefficients as they are published")]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let s = x * x;
    let mut p = -2.726_142_258_013_06e-10;
    for c in [
        2.770_681_424_959_02e-8,
        -2.101_024_020_825_08e-6,
        -5.692_506_394_623_46e-5,
        -7.349_906_303_268_55e-4,
        -2.954_599_808_540_25e-3,
        -1.609_603_332_624_15e-2,
    ] {
        p = p * s + c;
    }
    let mut q = -1.456_607_184_649_96e-5;
    for c in [-2.133_740_552_789_05e-4, -1.682_826_974_382_03e-3, -7.373_329_167_204_68e-3, -1.426_473_905_141_89e-2] {
        q = q * s + c;
    }
    x * p / q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_approximation_matches_the_error_function() {
        for step in -600..=600i16 {
            let x = f32::from(step) / 100.0;
            let exact = candle_core::cpu::erf::erf_f32(x);
            assert!((erf(x) - exact).abs() < 1e-6, "erf({x}) is {exact}, not {}", erf(x));
        }
    }
}

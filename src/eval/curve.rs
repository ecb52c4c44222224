//! The risk–coverage curve: the share of wrong readings among those at or above each confidence.

use std::fmt::Write as _;

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The minimum confidence.
    pub threshold: f64,
    /// The share of readings at or above it, 0 to 1.
    pub coverage: f64,
    /// The share of those that are wrong, 0 to 1.
    pub risk: f64,
}

/// One point for each distinct confidence, highest first. `judged` contains the confidence of each reading and whether
/// it is right.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
pub fn curve(judged: &[(f64, bool)]) -> Vec<Point> {
    let mut sorted = judged.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut points: Vec<Point> = Vec::new();
    let mut wrong = 0.0;
    for (at, (confidence, right)) in sorted.iter().enumerate() {
        wrong += f64::from(u8::from(!right));
        let kept = (at + 1) as f64;
        let point = Point { threshold: *confidence, coverage: kept / sorted.len() as f64, risk: wrong / kept };
        match points.last_mut().filter(|last| last.threshold.total_cmp(confidence).is_eq()) {
            Some(last) => *last = point,
            None => points.push(point),
        }
    }
    points
}

/// The risk at selected thresholds, as a table.
pub fn table(points: &[Point]) -> String {
    let mut table = String::from("  threshold   coverage   wrong\n");
    for threshold in [0.99, 0.97, 0.95, 0.9, 0.8, 0.7, 0.5, 0.0] {
        if let Some(point) = points.iter().rev().find(|point| point.threshold >= threshold) {
            let (coverage, risk) = (100.0 * point.coverage, 100.0 * point.risk);
            let _ = writeln!(table, "  {threshold:9.2}   {coverage:6.1} %   {risk:.2} %");
        }
    }
    table
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 56.0;
const BELOW: f64 = 44.0;

/// The curve as SVG, with the threshold in use marked.
pub fn svg(points: &[Point], threshold: f64) -> String {
    let most = points.iter().map(|point| point.risk).fold(0.01, f64::max);
    let x = |coverage: f64| LEFT + coverage * (WIDTH - LEFT - 16.0);
    let y = |risk: f64| HEIGHT - BELOW - risk / most * (HEIGHT - BELOW - 24.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for step in 0..=5u8 {
        let share = f64::from(step) / 5.0;
        let (across, up) = (x(share), y(most * share));
        let _ = writeln!(
            svg,
            "<text x=\"{across:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0} %</text>\n<text x=\"{:.1}\" \
             y=\"{:.1}\" text-anchor=\"end\">{:.1} %</text>\n<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{up:.1}\" \
             y2=\"{up:.1}\" stroke=\"#ddd\"/>",
            HEIGHT - BELOW + 18.0,
            share * 100.0,
            LEFT - 6.0,
            up + 4.0,
            most * share * 100.0,
            x(1.0),
        );
    }
    let line: Vec<String> =
        points.iter().map(|point| format!("{:.1},{:.1}", x(point.coverage), y(point.risk))).collect();
    let _ = writeln!(svg, "<polyline points=\"{}\" fill=\"none\" stroke=\"#07c\" stroke-width=\"2\"/>", line.join(" "));
    if let Some(used) = points.iter().rev().find(|point| point.threshold >= threshold) {
        let (across, up) = (x(used.coverage), y(used.risk));
        let _ = writeln!(
            svg,
            "<circle cx=\"{across:.1}\" cy=\"{up:.1}\" r=\"5\" fill=\"#c30\"/>\n<text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\">acts from {threshold:.2}</text>",
            across - 8.0,
            up - 8.0,
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">readings at least so sure (coverage)</text>\n\
         <text x=\"{LEFT}\" y=\"16\">wrong among them (risk)</text>\n</svg>",
        x(0.5),
        HEIGHT - 8.0,
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risk_grows_with_coverage_if_the_confidence_is_informative() {
        let points = curve(&[(0.9, true), (0.9, true), (0.8, true), (0.3, false)]);
        assert_eq!(points.len(), 3);
        assert_eq!(points[0], Point { threshold: 0.9, coverage: 0.5, risk: 0.0 });
        assert_eq!(points[2], Point { threshold: 0.3, coverage: 1.0, risk: 0.25 });
        assert!(table(&points).contains("100.0 %   25.00 %"));
    }

    #[test]
    fn the_drawing_marks_the_threshold_in_use() {
        let svg = svg(&curve(&[(0.9, true), (0.3, false)]), 0.8);
        assert!(svg.starts_with("<svg") && svg.contains("acts from 0.80") && svg.trim_end().ends_with("</svg>"));
        assert!(self::svg(&[], 0.5).ends_with("</svg>\n"), "no points give a valid empty drawing");
    }
}

//! Small charts, drawn here: SVG without style or script of its own. The numbers are in a table beside each.

use std::fmt;

use askama::filters::{Html, HtmlSafe, escape};

use crate::html::count;

/// The drawing's own units.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 90.0;
/// How wide a bar is at most.
const WIDEST: f64 = 24.0;

/// A chart with a title and a sentence for who cannot see it.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// Its name in the document.
    id: &'static str,
    title: String,
    description: String,
    drawing: String,
}

impl HtmlSafe for Chart {}

impl fmt::Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, title, description, drawing } = self;
        let title = escape(title, Html).map_err(|_| fmt::Error)?;
        let description = escape(description, Html).map_err(|_| fmt::Error)?;
        write!(
            f,
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-text\"><title id=\"{id}-title\">{title}</title>\
             <desc id=\"{id}-text\">{description}</desc>{drawing}</svg>"
        )
    }
}

impl Chart {
    /// A bar for each number, the oldest first.
    pub(crate) fn bars(id: &'static str, title: &str, numbers: &[u64]) -> Self {
        let (most, step) = (most(numbers), WIDTH / (numbers.len().max(1) as f64));
        let step = step.min(WIDEST);
        let bar = |(at, number): (usize, &u64)| {
            let height = scaled(*number, most);
            let (x, y, width) = (at as f64 * step, HEIGHT - height, step * 0.8);
            format!(
                "<rect class=\"bar\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
            )
        };
        let drawing = numbers.iter().enumerate().map(bar).collect();
        let last = numbers.last().copied().unwrap_or(0);
        let description =
            format!("{} runs; the most {}, the last {}", numbers.len(), count(most), count(last));
        Self { id, title: title.to_owned(), description, drawing }
    }

    /// A line for each series of numbers at the same times, drawn in the same scale; each with its name.
    pub(crate) fn lines(id: &'static str, title: &str, series: &[(&str, Vec<u64>)]) -> Self {
        let most = series.iter().map(|(_, numbers)| most(numbers)).max().unwrap_or(0);
        let mut drawing = String::new();
        let mut description = Vec::new();
        for (number, (name, numbers)) in series.iter().enumerate() {
            let step = WIDTH / (numbers.len().max(2) - 1) as f64;
            let points = numbers.iter().enumerate().map(|(at, number)| {
                format!("{:.1},{:.1}", at as f64 * step, HEIGHT - 1.0 - scaled(*number, most) * 0.97)
            });
            let points = points.collect::<Vec<_>>().join(" ");
            drawing.push_str(&format!("<polyline class=\"line line-{number}\" points=\"{points}\"/>"));
            let last = numbers.last().copied().unwrap_or(0);
            let peak = numbers.iter().copied().max().unwrap_or(0);
            description.push(format!("{name}: {} now, {} at most", count(last), count(peak)));
        }
        Self { id, title: title.to_owned(), description: description.join("; "), drawing }
    }
}

fn most(numbers: &[u64]) -> u64 {
    numbers.iter().copied().max().unwrap_or(0)
}

/// What is more than nothing can be seen.
fn scaled(number: u64, most: u64) -> f64 {
    match number {
        0 => 0.0,
        number => (number as f64 / most.max(1) as f64 * HEIGHT).max(1.5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_bar_fills_the_height_and_a_small_one_can_be_seen() {
        let chart = Chart::bars("a", "<Records>", &[0, 1, 1000]).to_string();
        assert!(chart.contains("<title id=\"a-title\">&#60;Records&#62;</title>"), "{chart}");
        assert!(
            chart.contains("<desc id=\"a-text\">3 runs; the most 1,000, the last 1,000</desc>"),
            "{chart}"
        );
        for height in ["height=\"0.0\"", "height=\"1.5\"", "y=\"0.0\" width=\"19.2\" height=\"90.0\""] {
            assert!(chart.contains(height), "{height} in {chart}");
        }
        assert!(Chart::bars("a", "Records", &[]).to_string().contains("0 runs"));
    }

    #[test]
    fn lines_share_a_scale() {
        let chart = Chart::lines("a", "Depth", &[("waiting", vec![10, 0]), ("dead", vec![5])]).to_string();
        assert!(chart.contains("points=\"0.0,1.7 600.0,89.0\""), "{chart}");
        assert!(chart.contains("waiting: 0 now, 10 at most; dead: 5 now, 5 at most"), "{chart}");
    }
}

//! Tables: Telegram has none, so they become aligned text in a fixed-width block.

use super::chars::columns;
use pulldown_cmark::Alignment;

/// Columns a cell is padded to at most; one longer cell must not push all others off the screen.
const WIDEST: usize = 40;

/// A table while its cells come in.
#[derive(Debug, Default)]
pub(super) struct Table {
    alignments: Vec<Alignment>,
    rows: Vec<Vec<String>>,
    /// The cell being read.
    cell: String,
}

impl Table {
    pub(super) fn new(alignments: Vec<Alignment>) -> Table {
        Table { alignments, ..Table::default() }
    }

    /// Text of the current cell.
    pub(super) fn text(&mut self, text: &str) {
        self.cell.extend(text.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c }));
    }

    pub(super) fn start_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        if let Some(row) = self.rows.last_mut() {
            row.push(cell);
        }
    }

    /// The finished lines, the first row underlined.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let widths = self.widths();
        let rule = self.rows.first().map(|head| {
            let parts: Vec<String> =
                widths.iter().take(head.len()).map(|w| "─".repeat(*w)).collect();
            parts.join("─┼─")
        });
        let mut rows = self.rows.iter();
        let head = rows.next().map(|row| self.line(row, &widths));
        let body: Vec<&Vec<String>> = rows.collect();
        let body = body.into_iter().map(move |row| self.line(row, &widths));
        head.into_iter().chain(rule).chain(body)
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(width_of(cell)).min(WIDEST);
            }
        }
        widths
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
            line.push_str(if index == 0 { "" } else { " │ " });
            let gap = " ".repeat(width.saturating_sub(width_of(cell)));
            let right = matches!(self.alignments.get(index), Some(Alignment::Right));
            let (first, second) = if right { (&gap, cell) } else { (cell, &gap) };
            line.push_str(first);
            line.push_str(second);
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn width_of(cell: &str) -> usize {
    cell.chars().map(columns).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(alignments: Vec<Alignment>, rows: &[&[&str]]) -> String {
        let mut table = Table::new(alignments);
        for row in rows {
            table.start_row();
            for cell in *row {
                table.text(cell);
                table.end_cell();
            }
        }
        table.lines().collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn columns_line_up() {
        let drawn = table(
            vec![Alignment::None, Alignment::Right],
            &[&["name", "n"], &["a", "10"], &["日本", ""]],
        );
        assert_eq!(drawn, "name │  n\n─────┼───\na    │ 10\n日本 │");
    }

    #[test]
    fn a_long_cell_does_not_pad_the_others_without_end() {
        let long = "x".repeat(5000);
        assert!(table(vec![], &[&["a", "b"], &[&long, "c"]]).len() < 5400);
    }
}

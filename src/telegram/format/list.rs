//! Bullets, numbers and indentation of nested lists.

/// Levels that are indented; deeper ones stay there, or a phone's screen has no room for text.
const DEEPEST: usize = 5;
const SPACES: &str = "            ";
const BULLETS: [&str; 3] = ["• ", "◦ ", "▪ "];

/// The lists around the current text.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// The next number of each; `None` has bullets.
    open: Vec<Option<u64>>,
    /// What begins the current item, until it is written.
    marker: Option<String>,
}

impl Lists {
    /// A list begins, numbered from `first` if there is one.
    pub(super) fn open(&mut self, first: Option<u64>) {
        self.open.push(first);
    }

    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    pub(super) fn any(&self) -> bool {
        !self.open.is_empty()
    }

    /// An item begins.
    pub(super) fn item(&mut self) {
        let level = self.open.len().saturating_sub(1);
        let Some(next) = self.open.last_mut() else { return };
        self.marker = Some(match next {
            Some(number) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            None => BULLETS.get(level.min(BULLETS.len() - 1)).copied().unwrap_or_default().into(),
        });
    }

    /// The item has a check box instead.
    pub(super) fn set_marker(&mut self, marker: &str) {
        self.marker = Some(marker.to_owned());
    }

    /// Nothing of the current item was written yet.
    pub(super) fn has_marker(&self) -> bool {
        self.marker.is_some()
    }

    pub(super) fn take_marker(&mut self) -> Option<String> {
        self.marker.take()
    }

    /// Before further lines of an item.
    pub(super) fn indent(&self) -> &'static str {
        spaces(self.open.len())
    }

    /// Before an item's marker.
    pub(super) fn outdent(&self) -> &'static str {
        spaces(self.open.len().saturating_sub(1))
    }
}

fn spaces(level: usize) -> &'static str {
    SPACES.get(..2 * level.min(DEEPEST)).unwrap_or_default()
}

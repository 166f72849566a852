//! Finds what ends a run of ordinary bytes inside a string.

/// How many bytes are looked at eight at a time before `memchr` is called. Most strings of a line
/// are shorter, and for them the call costs more than the search.
const NEAR: usize = 48;

/// Index of the first quote, backslash or newline, or the length if there is none.
pub(super) fn run(bytes: &[u8]) -> usize {
    let mut at = 0;
    let (words, _) = bytes.get(..NEAR).unwrap_or(bytes).as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let hits = equal(word, b'"') | equal(word, b'\\') | equal(word, b'\n');
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len())
}

/// The high bit of every byte of `word` that equals `byte`. Bytes above the first such one may be
/// marked wrongly (the subtraction borrows), so only the lowest mark counts.
fn equal(word: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let zeros = word ^ (ONES * u64::from(byte));
    zeros.wrapping_sub(ONES) & !zeros & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_of_the_three_at_every_place() {
        for length in 0..120 {
            let plain = vec![b'!'; length];
            assert_eq!(run(&plain), length);
            for at in 0..length {
                for (first, later) in [(b'"', b'\\'), (b'\\', b'\n'), (b'\n', b'"')] {
                    let mut bytes = plain.clone();
                    bytes[at..].fill(later);
                    bytes[at] = first;
                    assert_eq!(run(&bytes), at, "{length}");
                }
            }
        }
    }

    #[test]
    fn neighbours_of_the_three_are_ordinary() {
        for byte in (0..=255).filter(|byte| !b"\"\\\n".contains(byte)) {
            assert_eq!(run(&[byte; 100]), 100, "{byte}");
        }
    }
}

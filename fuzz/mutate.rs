//! Inputs: seeds that a parser knows, with bytes flipped, cut, doubled and spliced.

#![expect(clippy::indexing_slicing, reason = "a panic of the fuzzer itself is seen at once")]

use kakaw_core::random;
use kakaw_platform::random::Seeded;

/// Bytes that mean something to some parser.
const TOKENS: [&[u8]; 16] = [
    b"%",
    b"%zz",
    b"%00",
    b"&",
    b"=",
    b"+",
    b" ",
    b",",
    b"\"",
    b"[[",
    b"\n",
    b".",
    b"$",
    b"\xff\xfe",
    b"\xea\xb0\x80",
    b"99999999999",
];

pub struct Mutator {
    random: Seeded,
    seeds: Vec<Vec<u8>>,
}

impl Mutator {
    pub fn new(seed: u64, seeds: Vec<Vec<u8>>) -> Self {
        Self { random: Seeded::new(seed), seeds }
    }

    fn below(&self, limit: usize) -> usize {
        let limit = limit.max(1) as u64;
        (u64::from_be_bytes(random::bytes(&self.random)) % limit) as usize
    }

    pub fn next(&mut self) -> Vec<u8> {
        let mut input = self.seeds[self.below(self.seeds.len())].clone();
        for _ in 0..self.below(6) {
            let at = self.below(input.len() + 1);
            match self.below(7) {
                0 if at < input.len() => input[at] ^= 1 << self.below(8),
                1 => input.truncate(at),
                2 => drop(input.drain(at..(at + self.below(16)).min(input.len()))),
                3 => {
                    let token = TOKENS[self.below(TOKENS.len())];
                    input.splice(at..at, token.iter().copied());
                }
                4 => {
                    let piece = input[at..(at + self.below(32)).min(input.len())].to_vec();
                    input.splice(at..at, piece);
                }
                5 => {
                    let other = &self.seeds[self.below(self.seeds.len())];
                    let from = self.below(other.len() + 1);
                    input.truncate(at);
                    input.extend_from_slice(&other[from..]);
                }
                _ => input.insert(at, self.below(256) as u8),
            }
        }
        input.truncate(4096);
        input
    }
}

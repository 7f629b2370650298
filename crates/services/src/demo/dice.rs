//! Chances that follow from a seed (SplitMix64). Nothing secret is made of them.

pub(super) struct Dice(u64);

impl Dice {
    /// Dice of their own for each name.
    pub(super) fn new(seed: u64, name: &str) -> Dice {
        let mut dice = Dice(seed);
        for byte in name.bytes() {
            dice.0 = dice.throw() ^ u64::from(byte);
        }
        dice
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// One of `from` to `to`, both included.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = u64::try_from(to - from).unwrap_or(0) + 1;
        from + i64::try_from(self.throw() % span).unwrap_or(0)
    }

    /// One of them; nothing of none.
    pub(super) fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let last = i64::try_from(from.len()).unwrap_or(0) - 1;
        let at = usize::try_from(self.between(0, last.max(0))).unwrap_or(0);
        from.get(at).copied().unwrap_or_default()
    }

    /// Takes one of them out.
    pub(super) fn draw<T: Default>(&mut self, from: &mut Vec<T>) -> T {
        if from.is_empty() {
            return T::default();
        }
        let last = i64::try_from(from.len()).unwrap_or(0) - 1;
        from.swap_remove(usize::try_from(self.between(0, last)).unwrap_or(0))
    }
}

//! What a template may cost. Every bound has a name, and one that is passed is an error that names it.

/// The bounds of one template and of one rendering of it.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a template's text; AWS's limit.
    pub template_bytes_max: usize,
    /// How deep blocks, calls, lists and interpolated strings may stand within each other in the text.
    pub nesting_max: u32,
    /// Work, in steps: one for each directive, reference and call, and one for each 64 bytes or 8 items that are made or looked at.
    pub steps_max: u64,
    /// Bytes of the output.
    pub output_bytes_max: usize,
    /// How deep directives and expressions may be within each other while rendering, through macros and `#define`d blocks.
    pub depth_max: u32,
    /// Turns of one `#foreach`; AWS's limit. As in Velocity, the loop then ends without a word.
    pub loop_turns_max: u32,
    /// Macros within macros; Velocity's own limit.
    pub macro_depth_max: u32,
    /// `#define`d blocks within themselves; Velocity's own limit. As there, what is deeper prints its own source.
    pub block_depth_max: u32,
    /// Bytes of one string.
    pub string_bytes_max: usize,
    /// Items of one list or map.
    pub items_max: usize,
}

impl Limits {
    /// AWS's where it tells them, Velocity's where it has one, and beyond that more than any honest template needs.
    pub const DEFAULT: Limits = Limits {
        template_bytes_max: 300 * 1024,
        nesting_max: 100,
        steps_max: 2_000_000,
        output_bytes_max: 20 * 1024 * 1024,
        depth_max: 250,
        loop_turns_max: 1_000,
        macro_depth_max: 20,
        block_depth_max: 2,
        string_bytes_max: 20 * 1024 * 1024,
        items_max: 1_000_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

//! Words of a person in the sentences of a plan.

/// Words of a person on one line, bounded.
pub(crate) fn plain(words: &str) -> String {
    const LONGEST: usize = 80;
    // A backtick would end a code span of ours.
    let visible = words.chars().filter(|c| !c.is_control()).map(|c| if c == '`' { '\'' } else { c });
    let line: String = visible.take(LONGEST).collect();
    if line.chars().count() == LONGEST { format!("{line}…") } else { line }
}

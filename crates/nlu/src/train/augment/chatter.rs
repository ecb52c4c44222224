//! The small talk around commands, and words that are never varied.

use std::sync::LazyLock;

/// A list of phrases.
pub(super) type Phrases = LazyLock<Vec<&'static str>>;

fn phrases(text: &'static str) -> Vec<&'static str> {
    text.split('|').collect()
}

/// Words that refer to a Deployment without being a name.
pub(super) static POINTING: Phrases = LazyLock::new(|| {
    phrases(
        "it|its|that|this|them|these|those|one|ones|everything|every|each|all|of|*|both|same|the|thing|deployment|\
         deployments|service|services|app|apps|workload|workloads|itself|other|two|three|last|whole|lot|anything|\
         entire|us|stuff",
    )
});

/// What people write before a command.
pub(super) static OPENERS: Phrases = LazyLock::new(|| {
    phrases(
        "hey|hi|hello|hey bot|hi there|ok|okay so|please|pls|@bot|@readback|bot,|hey team,|good morning,|morning!|\
         yo|alright,|so|quick one:|hi bot, quick one:|sorry to bother,|ok now|right,|thanks for that.|great.|\
         cool,|one more thing:|next:|as discussed,|urgent:|hmm ok,|good evening,|heya,|dear bot,|👋|ok bot|fyi|and|\
         also|well,|hello again,|no rush:",
    )
});

/// What people write after a command.
pub(super) static CLOSERS: Phrases = LazyLock::new(|| {
    phrases(
        "please|pls|plz|thanks|thanks!|thank you|thx|ty|cheers|🙏|👍|for me|when you get a sec|asap|now|right now|\
         today|before noon|if you don't mind|thanks in advance|- traffic is up|bot|for now|mate|ok?|\
         , much appreciated|, customers are waiting|!!|😅|- Ann|(ticket 4711)|if possible|, thanks a lot|kindly|\
         , we have a demo soon|again|as agreed|- approved by ops|lol|tia",
    )
});

/// Openers that do not turn a sentence into a command.
pub(super) static QUIET: Phrases =
    LazyLock::new(|| phrases("hey|hi|hello|ok|so|well,|hmm|morning!|yo|btw|fyi|hey all,|lol"));

/// Words whose loss would change the meaning of a sentence.
pub(super) static VITAL: Phrases =
    LazyLock::new(|| phrases("don't|dont|never|until|unless|when|once|after|should|would|could"));

/// Words of commands and of small talk that are also listed as names; without a mark they are not names.
pub(super) static OWN: Phrases = LazyLock::new(|| {
    phrases(
        "logs|list|help|docs|start|status|pause|resume|update|version|confirm|cancel|search|calendar|messages|\
         library|meeting|release|worker|users|stats|orders|staging|preview|testing|server|client|demo|dashboard|\
         inbox|chat|queue|shipping|menu|page",
    )
});

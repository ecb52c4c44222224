//! Checks that the index finds what a scan of all names finds.

use super::*;
use crate::gazetteer::parts;

/// A name or an alias, in the forms that are compared.
struct Scanned {
    object: ObjectRef,
    alias: bool,
    folded: String,
    parts: Vec<String>,
}

fn scanned(named: &[Named]) -> Vec<Scanned> {
    let of = |named: &Named, name: &str, alias: bool| Scanned {
        object: named.object.clone(),
        alias,
        folded: fold(name),
        parts: parts(name).collect(),
    };
    let each = |named: &Named| {
        let mut all = vec![of(named, named.object.name.as_str(), false)];
        all.extend(named.aliases.iter().map(|alias| of(named, alias, true)));
        all
    };
    named.iter().flat_map(each).collect()
}

/// The strongest matches, by comparing every name.
fn best<'e>(said: &str, entries: impl Iterator<Item = &'e Scanned> + Clone) -> Option<(Strength, Vec<ObjectRef>)> {
    let words = Words::of(said);
    let whole_only = are_stop_words(said);
    let strength = |entry: &Scanned| {
        let strength = if entry.alias {
            words.folded_strength(&entry.folded, &entry.parts)
        } else {
            words.strength(entry.object.name.as_str(), &entry.folded, &entry.parts)
        };
        strength.filter(|strength| !whole_only || *strength <= Strength::Folded)
    };
    let mut found: Option<((Strength, bool), Vec<ObjectRef>)> = None;
    for entry in entries.clone() {
        let Some(strength) = strength(entry) else { continue };
        let rank = (strength, entry.alias);
        match &mut found {
            Some((best, objects)) if *best == rank => objects.push(entry.object.clone()),
            Some((best, _)) if *best < rank => {}
            _ => found = Some((rank, vec![entry.object.clone()])),
        }
    }
    found.map(|((strength, _), objects)| (strength, once_each(objects))).or_else(|| {
        let weak = if whole_only { Vec::new() } else { closest(&words, entries) };
        (!weak.is_empty()).then_some((Strength::Weak, weak))
    })
}

/// The most similar names, by comparing every name.
fn closest<'e>(words: &Words<'_>, entries: impl Iterator<Item = &'e Scanned>) -> Vec<ObjectRef> {
    let score = |entry: &Scanned| {
        let whole =
            similar::whole(&words.folded, &entry.folded).max(similar::whole(&words.tokens.concat(), &entry.folded));
        whole.max(by_parts(&words.tokens, &entry.parts))
    };
    let mut ranked: Vec<(f64, &Scanned)> =
        entries.map(|entry| (score(entry), entry)).filter(|(score, _)| *score >= 0.62).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = ranked.first().map_or(0.0, |(score, _)| *score);
    ranked.retain(|(score, _)| best - score <= 0.06);
    let named = ranked.iter().any(|(_, entry)| !entry.alias);
    once_each(
        ranked
            .into_iter()
            .filter(|(_, entry)| !(named && entry.alias))
            .map(|(_, entry)| entry.object.clone())
            .collect(),
    )
}

fn by_parts(tokens: &[String], parts: &[String]) -> f64 {
    if tokens.is_empty() || parts.is_empty() {
        return 0.0;
    }
    let fits: Vec<f64> =
        tokens.iter().map(|token| parts.iter().map(|part| similar::word(token, part)).fold(0.0, f64::max)).collect();
    let covered = parts.iter().filter(|part| tokens.iter().any(|token| similar::word(token, part) > 0.0)).count();
    if fits.iter().all(|fit| *fit == 0.0) {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of words")]
    let (words, share) = (fits.iter().sum::<f64>() / tokens.len() as f64, covered as f64 / parts.len() as f64);
    0.8 * words + 0.15 * share
}

fn once_each(objects: Vec<ObjectRef>) -> Vec<ObjectRef> {
    let mut seen = HashSet::new();
    objects.into_iter().filter(|object| seen.insert(object.clone())).collect()
}

fn nearest(said: &str, all: &[Scanned]) -> Vec<ObjectRef> {
    let wanted = fold(said);
    let mut ranked: Vec<(f64, &ObjectRef)> =
        all.iter().map(|entry| (strsim::jaro_winkler(&wanted, &entry.folded), &entry.object)).collect();
    ranked.retain(|(score, _)| *score > 0.7);
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    once_each(ranked.into_iter().map(|(_, object)| object.clone()).collect()).into_iter().take(3).collect()
}

fn resolve(live: &Directory, all: &[Scanned], asked: NameQuery<'_>) -> Result<Resolution, NotFound> {
    let (scope, weak_place) = live.scope(asked.namespace, asked.cluster)?;
    let inside =
        |entry: &&Scanned| scope.iter().any(|(c, n)| *c == entry.object.cluster && *n == entry.object.namespace);
    let here = best(asked.name, all.iter().filter(inside));
    let limited = asked.namespace.is_some() || asked.cluster.is_some();
    let elsewhere = best(asked.name, all.iter().filter(|entry| !inside(entry)));
    match (here, elsewhere) {
        (Some((Strength::Weak, _)), Some((strength, objects))) if limited && strength <= Strength::Folded => {
            Err(NotFound::Elsewhere(objects))
        }
        (Some((strength, targets)), _) => Ok(Resolution { targets, strength, weak_place }),
        (None, Some((strength, targets))) if !limited => Ok(Resolution { targets, strength, weak_place }),
        (None, Some((strength, objects))) if strength < Strength::Weak => Err(NotFound::Elsewhere(objects)),
        (None, _) => Err(NotFound::Nothing { near: nearest(asked.name, all) }),
    }
}

/// Parts that are similar to one another in every way that matters.
const PART: &str = "(pay|payment|payments|payements|api|apis|app|config|cfg|conf|worker|workers|wroker|service|svc|kafka|\
                    cafka|search|box|boxes|quick|kwik|recommendation|recomendation|k8s|kubernetes|v1|v2|a|[a-c]{1,4})";

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(PART, 1..4).prop_map(|parts| parts.join("-"))
}

fn named() -> impl Strategy<Value = Named> {
    let place = "(main/default|main/staging|eu/default)";
    let alias = prop::collection::vec(PART, 1..3).prop_map(|parts| parts.join(" "));
    let aliases = prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(alias, 1..4)];
    (place, name(), aliases).prop_map(|(place, name, aliases)| Named {
        object: object_ref(&format!("{place}/{name}")),
        aliases: Aliases::parse(&aliases.join(",")),
    })
}

/// Words that a directory may contain, in part, or with a letter changed, lost, doubled or swapped.
fn said() -> impl Strategy<Value = String> {
    let changed = (name(), 0..5, any::<prop::sample::Index>()).prop_map(|(name, how, at)| {
        let mut letters: Vec<char> = name.chars().collect();
        let at = at.index(letters.len());
        match how {
            0 => letters[at] = 'x',
            1 => drop(letters.remove(at)),
            2 => letters.insert(at, letters[at]),
            3 => letters.swap(at, at.saturating_sub(1)),
            _ => letters.truncate(at + 1),
        }
        letters.into_iter().collect()
    });
    let words = prop::collection::vec(PART, 1..5).prop_map(|words| words.join(" "));
    prop_oneof![name(), changed, words, "(the |my )?(pay|search)( service| pods)?", "\\PC{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_index_finds_what_a_scan_finds(
        mut named in prop::collection::vec(named(), 0..40),
        said in prop::collection::vec(said(), 1..12),
        namespace in prop::option::of("(default|staging|stagin|eu|prod)"),
    ) {
        named.sort_by(|a, b| a.object.cmp(&b.object));
        named.dedup_by(|a, b| a.object == b.object);
        let mut namespaces: Vec<_> =
            named.iter().map(|named| (named.object.cluster.clone(), named.object.namespace.clone())).collect();
        namespaces.dedup();
        let live = Directory::new(named.clone(), namespaces, ClusterName::parse("main").expect("valid"));
        let all = scanned(&named);
        for said in said.iter().filter(|said| *said != "*") {
            let asked = NameQuery { name: said, namespace: namespace.as_deref(), cluster: None };
            prop_assert_eq!(live.resolve(asked), resolve(&live, &all, asked), "{}", said);
        }
        for named in &named {
            let others = all.iter().filter(|other| !other.alias && other.object.name == named.object.name).count();
            prop_assert_eq!(live.is_unique(&named.object), others == 1);
        }
    }
}

/// Whether one is a typo of the other, by a literal implementation of the rule.
fn is_typo(a: &str, b: &str) -> bool {
    let (long, short) = (a.chars().count().max(b.chars().count()), a.chars().count().min(b.chars().count()));
    let alike = similar::sounds(a) == similar::sounds(b);
    let allowed = match short {
        0..=2 => 0,
        3 => usize::from(a.chars().next() == b.chars().next()),
        4..=7 => 1 + usize::from(short >= 6 && alike),
        _ => 2 + usize::from(short >= 10 && alike),
    };
    long - short <= allowed && strsim::osa_distance(a, b) <= allowed
}

proptest! {
    #[test]
    fn a_typo_matches_the_rule(a in "[a-c]{0,12}", b in "[a-c]{0,12}", c in said(), d in said()) {
        prop_assert_eq!(similar::whole(&a, &b) > 0.0, is_typo(&a, &b));
        prop_assert_eq!(similar::whole(&c, &d) > 0.0, is_typo(&c, &d));
    }
}

#[test]
fn an_alias_names_its_deployment_but_never_instead_of_a_real_name() {
    let named = |object: &str, aliases: &str| Named { object: object_ref(object), aliases: Aliases::parse(aliases) };
    let live = Directory::new(
        [
            named("default/pos-gateway", "money machine, Till"),
            named("default/till-sync", ""),
            named("default/ledger", "till, web frontend"),
            named("default/web-frontend", ""),
        ],
        vec![(ClusterName::parse("main").expect("valid"), Namespace::parse("default").expect("valid"))],
        ClusterName::parse("main").expect("valid"),
    );
    for (said, strength, targets) in [
        ("money machine", Strength::Folded, vec!["default/pos-gateway"]),
        ("the moneymachine", Strength::Folded, vec!["default/pos-gateway"]),
        ("machines", Strength::Part, vec!["default/pos-gateway"]),
        ("mony machine", Strength::Weak, vec!["default/pos-gateway"]),
        ("till", Strength::Folded, vec!["default/pos-gateway", "default/ledger"]),
        ("web frontend", Strength::Folded, vec!["default/web-frontend"]),
        ("web-frontend", Strength::Exact, vec!["default/web-frontend"]),
        ("frontend", Strength::Part, vec!["default/web-frontend"]),
    ] {
        let found = live.resolve(asked(said, "")).expect("found");
        let targets: Vec<ObjectRef> = targets.into_iter().map(object_ref).collect();
        assert_eq!((found.strength, found.targets), (strength, targets), "{said}");
    }
    let hints = live.gazetteer().hints("restart money machine".split(' '));
    assert!(hints.ends_with(&[crate::gazetteer::Hint::Name, crate::gazetteer::Hint::NameGoesOn]));
}

//! How long names take to be looked up among 10,000 and 100,000 Deployments, one call at a time, and what the look-up
//! costs in memory and to build.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use readback_core::{
    domain::{ClusterName, DeploymentName, Namespace, ObjectRef},
    resolve::{Aliases, Directory, NameQuery, Named},
};
use readback_nlu::tokenise::words;

const TEAMS: &str = "\
    payments checkout catalog search identity billing fraud ledger orders shipping returns pricing inventory \
    warehouse loyalty marketing mail push media video chat support partner seller buyer reviews recommendation \
    ranking ads analytics metrics logging tracing platform edge gateway config secrets risk compliance";
const SUBJECTS: &str = "\
    account address alert archive asset audit auth balance basket batch bonus budget cache calendar campaign card \
    case channel claim content contract coupon currency customer document event export feature feed file flag \
    folder geo history image import invoice journal label limit location message notification offer parcel \
    permission policy portfolio preference product profile quota receipt refund report schedule segment session \
    settlement snapshot statement template token webhook";
const ROLES: &str = "\
    api worker frontend backend consumer producer scheduler proxy sync relay server controller exporter importer \
    indexer gateway service cron bff adapter";
const NAMESPACES: &str =
    "production staging development qa payments commerce data platform monitoring edge internal sandbox";
/// Queries of each kind; how often each is asked, its median counts.
const QUERIES: usize = 200;
const TIMES: usize = 7;

/// Every combination once, then again with a number: a stride that shares no factor with their count mixes them.
fn name(at: usize) -> String {
    let [teams, subjects, roles] = [TEAMS, SUBJECTS, ROLES].map(|words| words.split(' ').collect::<Vec<_>>());
    let all = teams.len() * subjects.len() * roles.len();
    let mixed = at * 7919 % all;
    let (team, rest) = (mixed % teams.len(), mixed / teams.len());
    let mut name = format!("{}-{}-{}", teams[team], subjects[rest % subjects.len()], roles[rest / subjects.len()]);
    if at >= all {
        write!(name, "-v{}", at / all + 1).expect("text takes everything");
    }
    name
}

fn deployments(many: usize) -> Vec<Named> {
    let namespaces: Vec<&str> = NAMESPACES.split(' ').collect();
    let of = |at: usize| Named {
        object: ObjectRef {
            cluster: ClusterName::parse("main").expect("valid"),
            namespace: Namespace::parse(namespaces[at % namespaces.len()]).expect("valid"),
            name: DeploymentName::parse(&name(at)).expect("valid"),
        },
        aliases: if at.is_multiple_of(50) {
            Aliases::parse(&format!("money machine {at}"))
        } else {
            Aliases::default()
        },
    };
    (0..many).map(of).collect()
}

fn directory(objects: Vec<Named>) -> Directory {
    let main = ClusterName::parse("main").expect("valid");
    let place = |name: &str| (main.clone(), Namespace::parse(name).expect("valid"));
    Directory::new(objects, NAMESPACES.split(' ').map(place).collect(), main.clone())
}

/// Two letters of a word swapped, and one lost when it is long.
fn mistyped(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let middle = letters.len() / 2;
    letters.swap(middle, middle - 1);
    if letters.len() > 8 {
        letters.remove(2);
    }
    letters.into_iter().collect()
}

/// The consonants of a word: "config" is "cnfg".
fn abbreviated(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    format!("{first}{}", rest.replace(['a', 'e', 'i', 'o', 'u'], ""))
}

fn queries(many: usize) -> Vec<(&'static str, Vec<String>)> {
    let names = || (0..QUERIES).map(|at| name(at * (many / QUERIES)));
    let parted = |change: fn(&str) -> String| {
        names()
            .map(|name| {
                let parts: Vec<&str> = name.split('-').collect();
                format!("{} {} {}", parts[0], change(parts[1]), parts[2])
            })
            .collect::<Vec<_>>()
    };
    let nothing = |at: usize| format!("{} {}", ["zookeeper", "blockchain", "quux", "hypervisor"][at % 4], at);
    vec![
        ("exact", names().collect()),
        ("folded", names().map(|name| format!("the {}", name.replace('-', " "))).collect()),
        ("two parts", names().map(|name| name.split('-').take(2).collect::<Vec<_>>().join(" ")).collect()),
        ("one part", names().map(|name| name.split('-').nth(1).unwrap_or_default().to_owned()).collect()),
        ("typo", names().map(|name| mistyped(&name)).collect()),
        ("typo in a part", parted(mistyped)),
        ("abbreviation", parted(abbreviated)),
        (
            "word skipped",
            names().map(|name| name.replacen(name.split('-').nth(1).unwrap_or_default(), "", 1)).collect(),
        ),
        ("nothing", (0..QUERIES).map(nothing).collect()),
    ]
}

/// How long each takes, sorted.
fn times(texts: &[String], mut work: impl FnMut(&str)) -> Vec<Duration> {
    let mut of_each: Vec<Duration> = texts
        .iter()
        .map(|text| {
            let mut times: Vec<Duration> = (0..TIMES)
                .map(|_| {
                    let start = Instant::now();
                    work(text);
                    start.elapsed()
                })
                .collect();
            times.sort_unstable();
            times[TIMES / 2]
        })
        .collect();
    of_each.sort_unstable();
    of_each
}

/// The memory that the process holds, in MB; nothing where the system does not tell.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u32 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    f64::from(pages) * 4096.0 / 1e6
}

#[expect(clippy::print_stdout, reason = "the quantiles are what is asked for")]
fn resolve(c: &mut Criterion) {
    let print = |name: &str, of_each: &[Duration]| {
        let (p50, p99) = (of_each[of_each.len() / 2], of_each[of_each.len() * 99 / 100]);
        println!("{name:24} p50 {p50:>10.1?}, p99 {p99:>10.1?}");
    };
    for many in [10_000, 100_000] {
        let before = resident();
        let objects = deployments(many);
        let start = Instant::now();
        let live = directory(objects);
        println!("\n{many} names: built in {:.1?}, {:.1} MB", start.elapsed(), resident() - before);
        let ask = |name: &str| drop(live.resolve(NameQuery { name, ..NameQuery::default() }));
        let mut all = Vec::new();
        for (kind, queries) in queries(many) {
            let of_each = times(&queries, ask);
            print(kind, &of_each);
            all.extend(of_each);
        }
        all.sort_unstable();
        print("all", &all);
        let message =
            |at: usize| format!("please restart {} and the {} pods now in staging", name(at), mistyped(&name(at + 1)));
        let messages: Vec<String> = (0..QUERIES).map(message).collect();
        print(
            "hints, 10 words",
            &times(&messages, |text| drop(live.gazetteer().hints(words(text).iter().map(|word| word.text)))),
        );
        let mixed: Vec<String> =
            queries(many).into_iter().flat_map(|(_, queries)| queries.into_iter().take(20)).collect();
        let mut group = c.benchmark_group(format!("{many} names"));
        group.sample_size(20);
        group.bench_function("resolve 180 queries", |b| b.iter(|| mixed.iter().for_each(|name| ask(name))));
        group.finish();
    }
}

criterion_group!(benches, resolve);
criterion_main!(benches);

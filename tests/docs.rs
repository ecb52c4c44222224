//! The documentation: its links and anchors are valid, every page is in the index, and text copied from the program is
//! current.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Component, Path, PathBuf},
};

use readback::config;

/// Folders without documentation of this repository.
const NOT_OURS: [&str; 6] = ["target", "node_modules", ".git", ".cache", "vendor", "control-plane"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files with this extension below a folder, by their path from the root.
fn files(below: &Path, ending: &str) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(below).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().unwrap().is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                found.extend(files(&path, ending));
            }
        } else if path.extension().is_some_and(|extension| extension == ending) {
            let text = fs::read_to_string(&path).unwrap();
            found.insert(path.strip_prefix(root()).unwrap().to_owned(), text);
        }
    }
    found
}

fn pages() -> BTreeMap<PathBuf, String> {
    files(&root(), "md")
}

/// The lines outside code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// A paragraph without its code spans, which can cross a line's end.
fn without_code(paragraph: &str) -> String {
    paragraph.split('`').step_by(2).collect()
}

/// The targets of the links and images of a page.
fn links(text: &str) -> Vec<String> {
    let lines: Vec<&str> = prose(text).collect();
    let plain: String = lines.join("\n").split("\n\n").map(without_code).collect();
    let targets = plain.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.trim().to_owned()).collect()
}

/// The anchors of a page, as GitHub generates them from its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut times: HashMap<String, usize> = HashMap::new();
    let mut anchors = BTreeSet::new();
    for line in prose(text).filter(|line| line.starts_with('#')) {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let before = times.entry(slug.clone()).or_default();
        anchors.insert(if *before == 0 { slug } else { format!("{slug}-{before}") });
        *before += 1;
    }
    anchors
}

/// The path, from the root, of a link on a page.
fn resolved(page: &Path, target: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in page.parent().unwrap().join(target).components() {
        match part {
            Component::ParentDir => assert!(path.pop(), "{target} on {} leaves the repository", page.display()),
            Component::Normal(name) => path.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    path
}

#[test]
fn every_link_and_every_anchor_has_a_target() {
    let pages = pages();
    assert!(pages.contains_key(Path::new("README.md")) && pages.len() > 10, "{:?}", pages.keys());
    let mut broken = Vec::new();
    let mut seen = 0;
    for (page, text) in &pages {
        for link in links(text).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            seen += 1;
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(file, at)| (file, Some(at)));
            let target = if file.is_empty() { page.clone() } else { resolved(page, file) };
            let there = root().join(&target).exists();
            let holds = |at| pages.get(&target).is_some_and(|text| anchors(text).contains(at));
            if !there || anchor.is_some_and(|at| !holds(at)) {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(seen > 30, "{seen} links");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_readme_links_every_page_of_the_manual() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let linked: BTreeSet<PathBuf> =
        links(&readme).iter().map(|link| PathBuf::from(link.split('#').next().unwrap())).collect();
    let manual = pages().into_keys().filter(|page| page.starts_with("docs"));
    let missing: Vec<PathBuf> = manual.filter(|page| !linked.contains(page)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_table_of_settings_matches_the_program() {
    let page = fs::read_to_string(root().join("docs/settings.md")).unwrap();
    let between = page.split_once("<!-- settings -->\n").and_then(|(_, rest)| rest.split_once("<!-- /settings -->"));
    let (table, _) = between.expect("the page has both markers");
    assert_eq!(table.trim(), config::markdown().trim(), "`readback settings` prints the table");
}

#[test]
fn every_metric_is_in_the_manual_and_no_other() {
    let mut sources = files(&root().join("src"), "rs");
    let crates = root().join("crates");
    if crates.is_dir() {
        sources.extend(files(&crates, "rs"));
    }
    let mut counted = BTreeSet::new();
    for text in sources.values() {
        for kind in ["counter!(\"", "gauge!(\""] {
            counted.extend(text.split(kind).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
    }
    let page = fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `readback_")?.split('`').next());
    let named: BTreeSet<String> = rows.map(|name| format!("readback_{name}")).collect();
    assert_eq!(named, counted);
}

#[test]
fn links_and_anchors_are_parsed_as_github_does() {
    let page = "# A `b` c: d?\n## Twice\n## Twice\n[x](one.md#at) ![y](p.png)\n```sh\n# no heading [z](no.md)\n```\n`[q](no.md)\n[r](no.md)`\n";
    assert_eq!(links(page), ["one.md#at", "p.png"]);
    assert_eq!(anchors(page), ["a-b-c-d", "twice", "twice-1"].map(str::to_owned).into());
    assert_eq!(resolved(Path::new("docs/a.md"), "../deploy/b.md"), Path::new("deploy/b.md"));
}

//! One slot has one value: a value that is excluded, compared or repeated is never used as the value.

use super::*;

fn doubts(heard: &ParsedMessage) -> usize {
    heard.commands.iter().map(|command| command.doubts.len()).min().unwrap_or(0)
}

#[test]
fn what_is_left_out_or_compared_is_no_value_and_asks() {
    for (text, wanted) in [
        (
            "scale [api](deployment) to [4](replicas) in [staging](namespace) but not in [prod](namespace)",
            "scale api in staging to 4",
        ),
        (
            "scale [api](deployment) to [4](replicas), not in [prod](namespace), in [staging](namespace)",
            "scale api in staging to 4",
        ),
        ("scale [api](deployment) to [4](replicas), not in [prod](namespace)", "scale api to 4"),
        (
            "scale [api](deployment) to [4](replicas) in [staging](namespace) like we have in [prod](namespace)",
            "scale api in staging to 4",
        ),
        (
            "[api](deployment) in [staging](namespace) to [3](replicas), same as in [prod](namespace)",
            "scale api in staging to 3",
        ),
        (
            "[api](deployment) to [4](replicas) in [staging](namespace), leave [prod](namespace) alone",
            "scale api in staging to 4",
        ),
        (
            "[api](deployment) in [prod](namespace) to [5](replicas) to match [staging](namespace)",
            "scale api in prod to 5",
        ),
        ("scale [api](deployment) to [4](replicas) instead of [3](replicas)", "scale api to 4"),
        ("scale [api](deployment), not [3](replicas) but [4](replicas)", "scale api to 4"),
        ("scale [web](deployment) instead of [api](deployment) to [4](replicas)", "scale web to 4"),
        ("scale [web](deployment), not [api](deployment), to [4](replicas)", "scale web to 4"),
        ("scale [web](deployment) rather than [api](deployment) to [4](replicas)", "scale web to 4"),
        ("not [api](deployment), I want [web](deployment) at [4](replicas)", "scale web to 4"),
        ("scale [web](deployment) to [4](replicas), [api](deployment) stays", "scale web to 4"),
        (
            "scale [web](deployment) to [4](replicas) except [api](deployment) and [worker](deployment)",
            "scale web to 4",
        ),
    ] {
        let heard = heard(text, &[Scale]);
        assert_eq!(brief(&heard), [wanted], "{text}");
        assert!(doubts(&heard) > 0, "{text}");
    }
}

#[test]
fn everything_but_one_leaves_that_one_out() {
    let excepted = |text: &str| {
        let heard = heard(text, &[Restart]);
        assert_eq!(brief(&heard)[..1], ["restart *".to_owned()], "{text}");
        assert!(doubts(&heard) > 0, "{text}");
        heard.commands[0].except.iter().map(|name| name.words.clone()).collect::<Vec<_>>()
    };
    assert_eq!(excepted("restart [everything](deployment) but [search](deployment)"), ["search"]);
    assert_eq!(excepted("restart [all](deployment) except [web](deployment) and [api](deployment)"), ["web", "api"]);
    assert_eq!(excepted("restart [everything](deployment) other than [web](deployment)"), ["web"]);
    assert_eq!(excepted("restart [everything](deployment) and keep [web](deployment) running"), ["web"]);
}

#[test]
fn joined_places_are_a_command_each() {
    for text in [
        "scale [api](deployment) to [4](replicas) in [staging](namespace) and [prod](namespace)",
        "scale [api](deployment) to [4](replicas) in [staging](namespace) and in [prod](namespace)",
        "scale [api](deployment) to [4](replicas), [staging](namespace) + [prod](namespace)",
        "scale [api](deployment) to [4](replicas) in [staging](namespace) as well as [prod](namespace)",
        "in [staging](namespace) and [prod](namespace) scale [api](deployment) to [4](replicas)",
    ] {
        assert_eq!(brief(&heard(text, &[Scale])), ["scale api in staging to 4", "scale api in prod to 4"], "{text}");
    }
    let each = "[api](deployment), [3](replicas) for [staging](namespace), [5](replicas) for [prod](namespace)";
    assert_eq!(brief(&heard(each, &[Scale])), ["scale api in staging to 3", "scale api in prod to 5"]);
}

#[test]
fn of_two_values_that_are_not_joined_one_is_taken_and_asked_about() {
    for (text, intent, wanted) in [
        ("scale [web](deployment) to [3](replicas) or [4](replicas)", Scale, "scale web to 3 EITHER"),
        ("scale [web](deployment) to [3](replicas) and [4](replicas)", Scale, "scale web to 3 EITHER"),
        ("[3](replicas) pods of [web](deployment) or [4](replicas)", Scale, "scale web to 3 EITHER"),
        ("update [web](deployment) to [1.2.3](image) [1.2.4](image)", SetImage, "set_image web image 1.2.3 EITHER"),
    ] {
        assert_eq!(brief(&heard(text, &[intent])), [wanted], "{text}");
    }
    for (text, intent) in [
        ("scale [web](deployment) to [4](replicas) in [staging](namespace) or [prod](namespace)", Scale),
        ("in [staging](namespace) scale [web](deployment) to [4](replicas) in [prod](namespace)", Scale),
        ("scale [staging/web](deployment) to [4](replicas) in [prod](namespace)", Scale),
        ("scale [web](deployment) to [4](replicas) on [main](cluster) or [eu](cluster)", Scale),
        ("roll [web](deployment) back to [3](revision) or [4](revision)", Intent::Rollback),
        ("autoscale [web](deployment) min [2](min) or [3](min) max [6](max)", Intent::Autoscale),
        ("autoscale [web](deployment) max [6](max) or [8](max)", Intent::Autoscale),
        ("autoscale [web](deployment) max [6](max) at [50](cpu) or [60](cpu) percent", Intent::Autoscale),
        ("set [a](container) or [b](container) of [web](deployment) to [1.2](image)", SetImage),
    ] {
        let heard = heard(text, &[intent]);
        assert_eq!((heard.commands.len(), doubts(&heard)), (1, 1), "{text}");
    }
}

#[test]
fn what_is_no_second_value_changes_nothing() {
    for (text, wanted) in [
        ("scale [web](deployment) from [2](replicas) to [4](replicas)", "scale web to 4"),
        ("[web](deployment) [2](replicas) -> [4](replicas)", "scale web to 4"),
        ("scale [web](deployment) to [4](replicas), that is [four](replicas)", "scale web to 4"),
        (
            "scale [web](deployment) in [staging](namespace) to [4](replicas), [staging](namespace) please",
            "scale web in staging to 4",
        ),
        ("I'd like [web](deployment) at [4](replicas)", "scale web to 4"),
        ("looks like [web](deployment) needs [4](replicas)", "scale web to 4"),
        ("keep [web](deployment) at [4](replicas)", "scale web to 4"),
        ("scale [web](deployment) to [3](replicas), no wait, [5](replicas)", "scale web to 5"),
    ] {
        let heard = heard(text, &[Scale]);
        assert_eq!(brief(&heard), [wanted], "{text}");
        assert_eq!(doubts(&heard), 0, "{text}");
    }
}

#[test]
fn a_version_and_a_count_are_two_changes() {
    let text = "[web](deployment) to [1.4.2](image) on [3](replicas) replicas";
    assert_eq!(brief(&heard(text, &[SetImage])), ["set_image web image 1.4.2", "scale web to 3"]);
}

#[test]
fn a_clause_beside_the_order_that_leaves_a_place_alone_asks() {
    let beside = heard(
        "scale [web](deployment) to [4](replicas) in [staging](namespace). prod stays as it is",
        &[Scale, Nothing],
    );
    assert_eq!(brief(&beside), ["scale web in staging to 4"]);
    assert_eq!(doubts(&beside), 1);
    let unmarked = "not the prod one: take [web](deployment) in [staging](namespace) to [4](replicas)";
    assert_eq!(doubts(&heard(unmarked, &[Scale])), 1);
}

//! Values that the model marks as taken back.

use super::*;

#[test]
fn a_value_that_a_correction_replaces_is_left_out() {
    for (text, wanted) in [
        ("scale [web](deployment) to [3](rejected), no wait, [5](replicas)", vec!["scale web to 5"]),
        ("scale [nginx](rejected), sorry, [web](deployment) to [5](replicas)", vec!["scale web to 5"]),
        (
            "[web](deployment) to [3](replicas) and [nginx](deployment) to [4](rejected), no, [5](replicas)",
            vec!["scale web to 3", "scale nginx to 5"],
        ),
        (
            "scale [web](deployment) in [staging](rejected), sorry, in [prod](namespace) to [5](replicas)",
            vec!["scale web in prod to 5"],
        ),
    ] {
        let heard = heard(text, &[Scale]);
        assert_eq!(brief(&heard), wanted, "{text}");
        assert!(heard.commands.iter().all(|command| command.doubts.is_empty()), "{text}: {:?}", heard.commands);
    }
}

#[test]
fn a_value_that_nothing_replaces_asks() {
    for (text, said) in [
        ("take [web](deployment) to [5](replicas), not [nginx](rejected)", "nginx"),
        ("take [web](deployment) to [5](replicas), no, [6](rejected)", "6"),
        ("scale [web](deployment) in [staging](rejected), sorry for the noise, to [3](replicas)", "staging"),
        ("scale [web](deployment) not to [4](rejected) but to [3](replicas)", "4"),
        ("scale [web](deployment) no [nginx](rejected), sorry, to [3](replicas)", "nginx"),
        ("scale [web](deployment) in [eu-wst](rejected), sorry, to [3](replicas)", "eu-wst"),
        ("scale [web](deployment) to [4](rejected), no rush, [3](replicas)", "4"),
    ] {
        let heard = heard(text, &[Scale]);
        let doubt = Doubt::NotMeant(said.to_owned());
        assert!(heard.commands.iter().all(|command| command.doubts.contains(&doubt)), "{text}: {:?}", heard.commands);
    }
}

#[test]
fn a_deployment_that_is_left_out_of_all_is_excepted() {
    let heard = heard("restart [everything](deployment) in [staging](namespace) except [nginx](rejected)", &[Restart]);
    let names: Vec<&str> = heard.commands[0].except.iter().map(Mention::name).collect();
    assert_eq!(names, ["nginx"]);
    assert_eq!(heard.commands[0].doubts, [Doubt::NotMeant("nginx".to_owned())]);
}

#[test]
fn a_value_taken_back_does_not_shield_a_name_before_it() {
    let text = "set [web](deployment) to [v1.2](rejected), sorry, [nginx](deployment) to [v1.3](image)";
    let heard = heard(text, &[SetImage]);
    assert_eq!(brief(&heard), ["set_image nginx image v1.3"], "{heard:?}");
}

#[test]
fn a_list_with_a_name_that_is_taken_back_shares_its_place() {
    let text = "restart [web](deployment) and [nginx](rejected), sorry, [checkout](deployment) in [prod](namespace)";
    assert_eq!(brief(&heard(text, &[Restart])), ["restart web in prod", "restart checkout in prod"]);
}

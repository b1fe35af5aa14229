//! No template hangs, floods, or overflows the stack: each bound, and the template that meets it.

use crate::bench::{render, render_with, rendered};
use serde_json::json;
use vtl::{Cause, Limits};

fn limit_of(template: &str) -> &'static str {
    match render(template) {
        Err(error) => match error.cause {
            Cause::Limit(name) => name,
            other => panic!("{other:?}: {error}"),
        },
        Ok(output) => panic!("{} bytes came out", output.len()),
    }
}

#[test]
fn a_loop_ends_after_a_thousand_turns_without_a_word() {
    assert_eq!(rendered("#foreach($i in [1..1000])x#end").len(), 1000);
    assert_eq!(rendered("#foreach($i in [1..1001])x#end!"), "x".repeat(1000) + "!");
}

#[test]
fn loops_within_loops_run_out_of_steps() {
    let loops = "#foreach($i in [1..1000])".repeat(4);
    assert_eq!(limit_of(&format!("{loops}$!x{}", "#end".repeat(4))), "steps_max");
}

#[test]
fn text_that_doubles_runs_out_of_room() {
    assert_eq!(limit_of("#set($x='ab')#foreach($i in [1..100])#set($x=\"$x$x\")#end"), "output_bytes_max");
    assert_eq!(limit_of("#set($x='ab')#foreach($i in [1..100])#set($x=$x+$x)#end"), "string_bytes_max");
    assert_eq!(limit_of("#set($x='ab')#foreach($i in [1..100])#set($x=$x.concat($x))#end"), "string_bytes_max");
    assert_eq!(limit_of("#set($x='ab')$x.repeat(2000000000)"), "string_bytes_max");
    assert_eq!(limit_of("#set($x='aaaaaaaaaa')#foreach($i in [1..20])#set($x=$x.replace('a','aaaaaaaaaa'))#end"), "string_bytes_max");
    assert_eq!(limit_of("#set($x='aaaaaaaaaa')#foreach($i in [1..20])#set($x=$x.replaceAll('[a]','aaaaaaaaaa'))#end"), "string_bytes_max");
}

#[test]
fn output_that_goes_on_is_ended() {
    let limits = Limits { output_bytes_max: 100, ..Limits::DEFAULT };
    assert_eq!(render_with("#foreach($i in [1..100])x#end", &json!({}), &limits).unwrap().len(), 100);
    let error = render_with("#foreach($i in [1..101])x#end", &json!({}), &limits).unwrap_err();
    assert_eq!(error.cause, Cause::Limit("output_bytes_max"));
    let list = render_with("#foreach($i in [1..20])[1,2,3]#set($x=[1..40])$x#end", &json!({}), &limits).unwrap_err();
    assert_eq!(list.cause, Cause::Limit("output_bytes_max"));
}

#[test]
fn a_list_that_doubles_is_ended() {
    assert!(["items_max", "steps_max"].contains(&limit_of("#set($x=[1])#foreach($i in [1..100])#set($y=$x.addAll($x))#end")));
    assert_eq!(limit_of("#set($x=[1..2000000000])"), "items_max");
    assert_eq!(limit_of("#set($x=[-9223372036854775807..9223372036854775807])"), "items_max");
}

#[test]
fn macros_within_macros_end_at_velocitys_depth() {
    assert_eq!(limit_of("#macro(m $n)#m($n)#end#m(1)"), "macro_depth_max");
    let chain: String = (0..20).map(|n| format!("#macro(m{n})#m{}()#end", n + 1)).collect();
    assert_eq!(rendered(&format!("{chain}#macro(m20)end#end#m1()")), "end");
    assert_eq!(limit_of(&format!("{chain}#macro(m20)end#end#m0()")), "macro_depth_max");
}

#[test]
fn what_is_nested_too_deep_does_not_compile() {
    for (open, close) in [("#if($x)", "#end"), ("$x.a(", ")"), ("#set($x=[", "])"), ("#if(!", ")#end"), ("#foreach($i in $l)", "#end")] {
        let template = open.repeat(50_000) + "$y" + &close.repeat(50_000);
        assert!(render(&template).is_err(), "{open}");
    }
    assert_eq!(limit_of(&format!("#set($x={}1{})", "[".repeat(500), "]".repeat(500))), "nesting_max");
    assert_eq!(limit_of(&format!("#if({}$x{})#end", "(".repeat(500), ")".repeat(500))), "nesting_max");
    assert_eq!(limit_of(&format!("#if({}$x)#end", "!".repeat(500))), "nesting_max");
}

#[test]
fn a_chain_of_operators_may_be_long() {
    assert_eq!(rendered(&format!("#set($x=0{})$x", " + 1".repeat(20_000))), "20000");
    assert_eq!(rendered(&format!("#if(true{})y#end", " && true".repeat(20_000))), "y");
}

#[test]
fn values_within_values_are_printed_and_let_go_without_a_stack() {
    let nested = "#set($x=[])#foreach($i in [1..1000])#set($x=[$x])#end";
    assert_eq!(limit_of(&format!("{nested}$x")), "value_depth_max");
    let deep = "#set($x={})#foreach($i in [1..1000])#foreach($j in [1..100])#set($x={'a':$x,'b':[$i]})#end#end";
    assert_eq!(rendered(deep), "");
    assert_eq!(limit_of(&format!("{deep}$x")), "value_depth_max");
    assert_eq!(limit_of(&format!("{deep}#set($l=[])$l.add($x)")), "value_depth_max");
    assert_eq!(limit_of(&format!("{deep}#set($y=$x)#if($x.a == $y)#end")), "value_depth_max");
    assert_eq!(rendered("#set($x=[])#foreach($i in [1..1000])#set($y=[$x])#set($x=$y)#end."), ".");
}

#[test]
fn a_map_of_many_members_finds_each_and_keeps_their_order() {
    let fill = "#set($m={})#foreach($i in [1..40])#set($void=$m.put(\"k$i\", $i))#end";
    assert_eq!(rendered(&format!("{fill}$m.k1 $m.k40 $m.get('k7') $m.size() $!m.k41")), "1 40 7 40 ");
    let output = rendered(&format!("{fill}$m.remove('k1') $m.k2 $m.k40 $!m.k1#set($m.k1='z')$m.keySet()"));
    assert!(output.starts_with("1 2 40 [k2, k3, ") && output.ends_with(", k39, k40, k1]"), "{output}");
    assert_eq!(rendered(&format!("{fill}#set($n={{}})$n.putAll($m)#if($n == $m && $n.equals($m))y#end$m.values().size()")), "y40");
}

#[test]
fn a_value_can_be_compared_with_what_it_is_in() {
    assert_eq!(rendered("#set($a={'x':1})#set($b={'x':$a})#set($c={'x':$b})#if($b == $c)y#{else}n#end#if($c.x == $b)y#end"), "ny");
    assert_eq!(
        rendered("#set($a=[1])#set($b=[$a])#if($b == [$b] || $a.contains($b) || $b.indexOf($a) != 0)n#end$b.add($a)$a.addAll($a)$b"),
        "truetrue[[1, 1], [1, 1]]"
    );
}

#[test]
fn nothing_holds_itself() {
    for template in [
        "#set($l=[])$l.add($l)",
        "#set($l=[1])#set($l[0]=$l)",
        "#set($m={})#set($m.a=$m)",
        "#set($m={})#set($l=[$m])$m.put('l',$l)",
        "#set($l=[])$l.add($l)$l",
        "#foreach($i in [1])#set($foreach.x=$foreach)#end",
        "#foreach($i in [1])#set($foreach.x=[$foreach])#end",
        "#set($m={})#set($n={'m':$m})$m.putAll({'n':$n})",
    ] {
        let error = render(template).unwrap_err();
        assert!(error.message.contains("hold itself"), "{template}: {error}");
    }
}

#[test]
fn a_pattern_takes_linear_time_and_little_room() {
    let context = json!({"a": "a".repeat(20_000)});
    assert_eq!(render_with("$a.matches('(a+)+b')", &context, &Limits::DEFAULT).unwrap(), "false");
    assert!(render_with("$a.matches('(((a{1,1000}){1,1000}){1,1000})')", &context, &Limits::DEFAULT).is_err());
    assert!(
        render_with("#foreach($i in [1..1000])#foreach($j in [1..1000])$a.matches(\"$i$j[a]\")#end#end", &context, &Limits::DEFAULT)
            .is_err()
    );
}

#[test]
fn work_on_long_strings_and_lists_is_paid_for_by_their_length() {
    let limits = Limits { steps_max: 100_000, ..Limits::DEFAULT };
    let long = "#set($s=$p.repeat(100000))#set($t=$p.repeat(100000))#set($l=[$s])#set($n=[1..10000])";
    for body in [
        "#if($s == $t)#end",
        "#set($x=$s.hashCode())",
        "#set($x=$s.contains($t))",
        "#set($x=$s.matches('[a-z]+'))",
        "#set($x=$l.contains($t))",
        "#set($x=\"$s\")",
        "#set($x=$n.toString())",
    ] {
        let template = format!("{long}#foreach($i in [1..1000]){body}#end");
        let error = render_with(&template, &json!({"p": "abcdefghij"}), &limits).expect_err(body);
        assert_eq!(error.cause, Cause::Limit("steps_max"), "{body}: {error}");
    }
}

#[test]
fn a_template_of_more_than_300_kb_does_not_compile() {
    assert_eq!(rendered(&"x".repeat(300 * 1024)).len(), 300 * 1024);
    assert_eq!(limit_of(&"x".repeat(300 * 1024 + 1)), "template_bytes_max");
}

#[test]
fn runs_of_signs_are_read_in_linear_time() {
    for sign in [
        "\\", "$", "#", "$!", "\\\\#", "#[[", "#*", "\"", "'", "(", "$x.y(", "[", "{", "$x[", "##", "#set", " #set (", "]]", "#@", "\\$",
        "$\\",
    ] {
        let template = sign.repeat(300 * 1024 / sign.len());
        let _ = render(&template);
        let _ = render(&format!("#set($x=\"{}\")", &template[..200 * 1024]));
    }
}

"""What manifests, states, policies and names of objects say about use."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from fast_container.core.cleanup.batches import batches, ids_of
from fast_container.core.cleanup.repository_policy import accounts_that_pull, blind_rules
from fast_container.core.cleanup.savings import dollars_a_month, saved_bytes
from fast_container.core.cleanup.sources import SourceObject, old_sources
from fast_container.core.cleanup.stack_state import uses_of_state
from fast_container.core.cleanup.stored import Kind, StoredImage, facts_of
from fast_container.core.cleanup.uses import Use
from fast_container.core.cleanup.verdicts import Verdict
from fast_container.core.oci.media_types import RECORD
from tests.core.cleanup.worlds import DAY_S, NOW, digest, key_tag

URL = "one.example/shop/a"


def test_a_manifest_says_what_it_lists_and_what_it_refers_to() -> None:
    index = facts_of(json.dumps({"manifests": [{"digest": digest(1)}, {"digest": digest(2)}]}))
    assert index.children == (digest(1), digest(2))
    record = {
        "artifactType": RECORD,
        "config": {"digest": digest(3), "size": 2},
        "layers": [{"digest": digest(4), "size": 5}],
        "subject": {"digest": digest(1)},
        "annotations": {"image": "api", "bases": f"{key_tag(1)} nonsense"},
    }
    facts = facts_of(json.dumps(record))
    assert (facts.subject, facts.image_name, facts.bases) == (digest(1), "api", (key_tag(1),))
    assert facts.blobs == {digest(3): 2, digest(4): 5}
    assert facts_of(json.dumps({**record, "artifactType": "other"})).bases == ()


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ((key_tag(1),), Kind.IMAGE),
        ((key_tag(1), "prod"), Kind.USERS),
        (("cache-api-main",), Kind.CACHE),
        ((f"sha256-{'0' * 64}.sig",), Kind.REFERRER),
        (("refused-" + "0" * 40,), Kind.CACHE),
        ((), Kind.UNTAGGED),
        (("key-123",), Kind.USERS),
        (("refused-by-anna",), Kind.USERS),
    ],
)
def test_tags_say_what_an_image_is(tags: tuple[str, ...], kind: Kind) -> None:
    assert StoredImage(URL, digest(1), tags, 1.0).kind is kind


@pytest.mark.parametrize(
    ("manifest", "kind"),
    [
        ({"config": {"mediaType": "application/vnd.buildkit.cacheconfig.v0"}}, Kind.CACHE),
        (
            {"manifests": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(2)}]},
            Kind.CACHE,
        ),
        ({"config": {"mediaType": "application/vnd.oci.image.config.v1+json"}}, Kind.USERS),
        ({"manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(2)}]}, Kind.USERS),
    ],
)
def test_an_image_that_can_run_is_no_build_cache_whatever_its_tag_begins_with(manifest: Any, kind: Kind) -> None:
    facts = facts_of(json.dumps(manifest))
    assert StoredImage(URL, digest(1), ("cache-server-1.4",), 1.0, runs=facts.runs).kind is kind


def state(*resources: Any, pending: Any = None) -> str:
    return json.dumps({"version": 3, "deployment": {"resources": resources, "pending_operations": pending}})


def test_every_string_of_a_state_counts() -> None:
    task = json.dumps([{"image": f"{URL}@{digest(1)}"}])
    function = {"urn": "urn:pulumi:prod::shop::aws:lambda:Function::orders", "inputs": {"image_uri": f"{URL}:v1"}}
    record = {"urn": "a::api", "outputs": {"tag": key_tag(2), "digest": digest(3)}, "delete": True}
    pending = [{"resource": {"urn": "a::late", "inputs": [f"one.example:5000/x/y@{digest(4)}"]}, "type": "creating"}]
    found = uses_of_state(state(function, {"urn": "a::task", "inputs": {"d": task}}, record, pending=pending), "prod")
    assert {(use.reference, use.by) for use in found} >= {
        (digest(1), "task of stack prod"),
        (f"{URL}:v1", "orders of stack prod"),
        (key_tag(2), "api of stack prod"),
        (digest(3), "api of stack prod"),
        (digest(4), "late of stack prod"),
    }


@pytest.mark.parametrize(
    ("content", "named"),
    [
        # What stands around a digest or a key tag never hides it.
        (f"arn:aws:ecr:eu-central-1:1:repository/shop/a/{digest(1)}", digest(1)),
        (f"shop/a:{digest(1)}", digest(1)),
        (f"shop/a:{key_tag(1)}-arm64", key_tag(1)),
        # The code hash of a function whose URI is encrypted.
        ({"imageUri": {"ciphertext": "v1:x"}, "codeSha256": digest(1).removeprefix("sha256:")}, digest(1)),
        ({f"{URL}@{digest(1)}": True}, digest(1)),
    ],
)
def test_nothing_around_a_digest_or_a_key_tag_hides_it_in_a_state(content: Any, named: str) -> None:
    found = uses_of_state(state({"urn": "a::api", "outputs": {"x": content}}), "prod")
    assert Use(named, "api of stack prod") in found


@pytest.mark.parametrize("part", ["a", "a/", "ab:", "key-"])
def test_a_long_string_of_a_state_takes_time_in_proportion(part: str) -> None:
    began = time.process_time()
    uses_of_state(state({"urn": "a::api", "outputs": {"x": part * (200_000 // len(part))}}), "prod")
    # Tried from each character on, it was a minute.
    assert time.process_time() - began < 5


def test_a_resource_of_another_form_is_read_too() -> None:
    assert uses_of_state(state([key_tag(1)], None), "prod") == [Use(key_tag(1), "a resource of stack prod")]


DEEP = f'{{"deployment": {{"resources": [{{"a": {"[" * 3000}{"]" * 3000}}}]}}}}'


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"deployment": 1}', '{"deployment": {"resources": 5}}', DEEP])
def test_what_is_not_a_state_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        uses_of_state(text, "x")


PULL = {"Effect": "Allow", "Action": ["ecr:BatchGetImage"]}
LAMBDA = {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize(
    ("statement", "accounts"),
    [
        (
            {**PULL, "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "444455556666"]}},
            {"111122223333", "444455556666"},
        ),
        ({**PULL, "Principal": "*"}, {"*"}),
        ({**PULL, "Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, {"*"}),
        ({**PULL, "Principal": LAMBDA}, set()),
        (
            {
                **PULL,
                "Principal": LAMBDA,
                "Condition": {"ArnLike": {"aws:sourceArn": "arn:aws:lambda:*:777788889999:function:*"}},
            },
            {"777788889999"},
        ),
        ({**PULL, "Action": "ecr:PutImage", "Principal": "*"}, set()),
        ({**PULL, "Action": "ecr:*", "Principal": {"AWS": "111122223333"}}, {"111122223333"}),
        ({**PULL, "Effect": "Deny", "Principal": "*"}, set()),
        ({**PULL, "Action": "ecr:BatchGetIm*", "Principal": {"AWS": "111122223333"}}, {"111122223333"}),
        ({**PULL, "Action": "ecr:*Get*", "Principal": {"AWS": "111122223333"}}, {"111122223333"}),
        ({**PULL, "Action": "ECR:BatchGet?mage", "Principal": {"AWS": "111122223333"}}, {"111122223333"}),
        ({**PULL, "Action": "ecr:Describe*", "Principal": "*"}, set()),
        (
            {**PULL, "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}},
            {"111122223333"},
        ),
        # Conditions that let others through than those they name.
        ({**PULL, "Principal": "*", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}}, {"*"}),
        (
            {
                **PULL,
                "Principal": "*",
                "Condition": {"ArnLikeIfExists": {"aws:SourceArn": "arn:aws:x::111122223333:y"}},
            },
            {"*"},
        ),
        (
            {
                **PULL,
                "Principal": "*",
                "Condition": {
                    "ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/x", "arn:aws:iam::*:role/y"]}
                },
            },
            {"*"},
        ),
    ],
)
def test_a_policy_says_which_accounts_pull(statement: dict[str, Any], accounts: set[str]) -> None:
    assert accounts_that_pull(json.dumps({"Statement": [statement]})) == accounts
    assert accounts_that_pull(json.dumps({"Statement": statement})) == accounts


@pytest.mark.parametrize(
    ("resource", "counts"),
    [
        ("*", True),
        ("arn:aws:ecr:eu-central-1:123456789012:repository/shop/*", True),
        (["arn:aws:ecr:eu-central-1:123456789012:repository/shop/a"], True),
        ("arn:aws:ecr:eu-central-1:123456789012:repository/shop/a-b", False),
        ("arn:aws:ecr:eu-central-1:123456789012:repository/bookshop/a", False),
    ],
)
def test_a_statement_of_the_registrys_policy_counts_where_it_is_about_the_repository(
    resource: Any, counts: bool
) -> None:
    statement = {**PULL, "Principal": {"AWS": "111122223333"}, "Resource": resource}
    found = accounts_that_pull(json.dumps({"Statement": statement}), "shop/a")
    assert found == ({"111122223333"} if counts else set())


@pytest.mark.parametrize(
    ("selection", "is_blind"),
    [
        ({"tagStatus": "untagged"}, False),
        ({"tagStatus": "any"}, True),
        ({"tagStatus": "tagged", "tagPrefixList": ["cache-"]}, False),
        ({"tagStatus": "tagged", "tagPrefixList": ["key"]}, True),
        ({"tagStatus": "tagged", "tagPatternList": ["*"]}, True),
        ({"tagStatus": "tagged", "tagPatternList": ["key-*", "v*"]}, False),
    ],
)
def test_a_lifecycle_rule_that_expires_key_tags_is_named(selection: dict[str, Any], is_blind: bool) -> None:
    rule = {"rulePriority": 7, "selection": selection, "action": {"type": "expire"}}
    assert blind_rules(json.dumps({"rules": [rule]})) == ([7] if is_blind else [])


def test_ids_name_tag_and_digest_so_that_a_moved_tag_deletes_nothing() -> None:
    two = StoredImage(URL, digest(1), ("a", "b"), 1.0)
    assert ids_of(two) == [{"imageTag": tag, "imageDigest": digest(1)} for tag in ("a", "b")]
    assert ids_of(StoredImage(URL, digest(1), (), 1.0)) == [{"imageDigest": digest(1)}]


def test_indexes_go_before_what_they_list_and_no_batch_has_more_ids_than_a_call_takes() -> None:
    index = StoredImage(URL, digest(500), (), 9.0, children=(digest(1),))
    images = [StoredImage(URL, digest(n), (f"cache-{n}", f"cache-x{n}"), float(n)) for n in range(1, 120)]
    elsewhere = StoredImage("two.example/x", digest(1), (), 1.0)
    found = batches([*images, elsewhere, index])
    assert found[0][0] == index
    assert all(sum(max(len(one.tags), 1) for one in batch) <= 100 for batch in found)
    assert all(len({one.repository for one in batch}) == 1 for batch in found)
    assert sum(map(len, found)) == 121


def test_a_layer_is_saved_once_and_only_if_nothing_that_stays_has_it() -> None:
    def verdict(number: int, is_deleted: bool, **blobs: int) -> Verdict:
        return Verdict(StoredImage(URL, digest(number), (), 1.0, blobs=blobs), is_deleted, "")

    verdicts = [verdict(1, True, a=100, b=5), verdict(2, True, a=100, c=7), verdict(3, False, c=7)]
    assert saved_bytes(verdicts) == 105
    assert dollars_a_month(50e9, 0.1) == pytest.approx(5.0)


def test_only_old_objects_of_builds_are_old_sources() -> None:
    old = NOW - 40 * DAY_S
    names = {
        f"p/parts/{'0' * 64}": old,
        f"p/bundles/{'1' * 64}.zip": old,
        f"p/programs/{'2' * 64}.pyz": old,
        f"p/parts/{'3' * 64}": NOW - 3 * 3600,
        f"p/parts/{'4' * 63}": old,
        "p/notes.txt": old,
        f"parts/{'5' * 64}": old,
        f"q/parts/{'6' * 64}": old,
    }
    objects = [SourceObject("b", key, 1, modified) for key, modified in names.items()]
    assert [one.key for one in old_sources(objects, "p", 0.0, NOW)] == list(names)[:3]
    assert [one.key for one in old_sources(objects, "", 0.0, NOW)] == [f"parts/{'5' * 64}"]

"""Deletes what may go, in batches, each checked again right before.

Decides what is checked: who uses images now (all readers again), and whether each image of the batch still has the same
tags and the same time of push. An image that came into use, got another tag, or is gone is left alone. Where an image
came into use that was not there at the scan, all images are read again: it may need some of the old ones. A failure of
one image is told and does not stop the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from fast_container.cleanup.scan import ImageStore, Scan, UseReader, in_use, read_images, read_uses
from fast_container.core.cleanup.batches import batches
from fast_container.core.cleanup.reachable import Place
from fast_container.core.cleanup.stored import StoredImage
from fast_container.core.cleanup.uses import Use, mean_unlisted_images
from fast_container.core.cleanup.verdicts import Rules, decide


@dataclass(slots=True)
class Outcome:
    """What was done.

    Attributes:
        deleted: Images that are gone.
        spared: Image → why it stays, although the scan let it go.
        failed: Image → what went wrong.
    """

    deleted: list[StoredImage] = field(default_factory=list[StoredImage])
    spared: dict[Place, str] = field(default_factory=dict[Place, str])
    failed: dict[Place, str] = field(default_factory=dict[Place, str])


class Deletion:
    """One run.

    Args:
        found: The scan.
        stores: The repositories.
        readers: Who is asked before each batch.
        rules: As for the scan.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        found: Scan,
        stores: Sequence[ImageStore],
        readers: Sequence[UseReader],
        rules: Rules,
        now: Callable[[], float],
    ) -> None:
        self._found = found
        self._stores = {store.url: store for store in stores}
        self._readers = readers
        self._rules = rules
        self._now = now
        self._uses = found.uses
        self._images = found.images
        self._allowed = {image.place for image in found.to_delete}
        self.outcome = Outcome()

    def run(self, on_batch: Callable[[Outcome], object]) -> Outcome:
        """Delete; blocking. ``on_batch`` is called after each batch.

        Raises:
            FastContainerError: Uses could not be read any more, or a permission is missing; ``outcome`` says what is
                done.
        """
        for batch in batches(self._found.to_delete):
            self._look_at_uses()
            store = self._stores[batch[0].repository]
            ready = self._still_the_same(store, batch)
            if ready:
                self._delete(store, ready)
            on_batch(self.outcome)
        return self.outcome

    def _look_at_uses(self) -> None:
        uses = read_uses(self._readers, has_deleted=bool(self.outcome.deleted))
        if uses == self._uses:
            return
        self._read_images_again(uses - self._uses)
        self._uses = uses
        # An earlier use counts too: what was in use a minute ago may be rolled back to.
        used = in_use(self._images, uses | self._found.uses)
        for verdict in decide(self._images, used, self._rules, self._now()):
            if not verdict.is_deleted and verdict.image.place in self._allowed:
                self._allowed.discard(verdict.image.place)
                self.outcome.spared[verdict.image.place] = verdict.reason

    def _read_images_again(self, new_uses: Iterable[Use]) -> None:
        if mean_unlisted_images(self._images, new_uses):
            now = read_images([*self._stores.values()])
            there = {image.place for image in now}
            # What is deleted by now is kept in mind: it may say what an image that stays needs.
            self._images = (*now, *(image for image in self._images if image.place not in there))

    def _still_the_same(self, store: ImageStore, batch: Sequence[StoredImage]) -> list[StoredImage]:
        wanted = [image for image in batch if image.place in self._allowed]
        now = store.look(wanted)
        same: list[StoredImage] = []
        for image in wanted:
            if image.digest not in now:
                # Deleted by someone else meanwhile, or with its subject.
                self.outcome.deleted.append(image)
            elif now[image.digest] != (image.tags, image.pushed):
                self.outcome.spared[image.place] = "its tags changed since the scan"
            else:
                same.append(image)
        return same

    def _delete(self, store: ImageStore, images: Sequence[StoredImage]) -> None:
        answer = store.delete(images)
        gone = set(answer.gone)
        self.outcome.deleted += [image for image in images if image.digest in gone]
        self.outcome.spared |= {(store.url, digest): why for digest, why in answer.kept.items()}
        self.outcome.failed |= {(store.url, digest): why for digest, why in answer.failed.items()}

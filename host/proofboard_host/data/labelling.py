"""The one place that says what is a scream.

Nobody has listened to every file: a label follows from what the game uses the file for (its name and folder, which
the recipe turns into a `kind`) and from three measurements. The thresholds were set on the training packages alone.
"""

from __future__ import annotations

from .measure import Sound

#: Active part below which a cry is a grunt: pain100, jump and hit files of the training packages last 0.14-0.30 s.
GRUNT_SECONDS = 0.30
#: Active part from which a cry is a scream. Between the two a listener could say either: left out.
SCREAM_SECONDS = 0.40
#: Share of voiced frames under which a cry is breath, gurgle or radio noise (openarena `smarine`): left out.
SCREAM_VOICED = 0.50
#: A raised voice has a raised pitch or a flat spectrum. Men speak at 85-155 Hz (Baken & Orlikoff, "Clinical Measurement
#: of Speech and Voice", 2000); a cry under both bounds is a groan: left out.
GROAN_PITCH_HZ = 180.0
GROAN_CENTROID_HZ = 1000.0

#: Kinds that are more than a name for a negative.
CRY, GRUNT, UNCLEAR = "cry", "grunt", "unclear"


#: Kinds for which the sound has to be measured before `label_of` can answer.
MEASURED_KINDS = frozenset({CRY, GRUNT})


def label_of(kind: str, sound: Sound | None, *, scream: str, other: str) -> str | None:
    """Label of a recording, or None when no honest label exists and it has to be left out.

    * `cry`, a human's pain or death cry or scream: a scream when its active part lasts >= 0.40 s, at least half of it
      is voiced, and it is no groan (pitch >= 180 Hz or centroid >= 1 kHz). With an active part < 0.30 s it is a short
      grunt, and that is *not* a scream: a hard negative. Everything between is left out.
    * `grunt`, a hit, a jump, light pain, a gasp: a hard negative when < 0.40 s. Longer ones may hold a real cry and
      are left out.
    * `unclear`: left out whatever it sounds like (a shouted "Nooo!", choking, war cries mixed with weapon noise).
    * any other kind (speech, shout, laugh, monster, animal, music, noise, silence): not a scream.

    Args:
        kind: from the recipe.
        sound: measurements of the whole recording; only `MEASURED_KINDS` need them.
        scream, other: names of the two classes.
    """
    if kind == UNCLEAR:
        return None
    if kind not in MEASURED_KINDS or sound is None:
        return other
    if kind == GRUNT:
        return other if sound.active_seconds < SCREAM_SECONDS else None
    if sound.active_seconds < GRUNT_SECONDS:
        return other
    groan = sound.pitch_hz < GROAN_PITCH_HZ and sound.centroid_hz < GROAN_CENTROID_HZ
    if sound.active_seconds < SCREAM_SECONDS or sound.voiced < SCREAM_VOICED or groan:
        return None
    return scream

"""The words that may stay in a description: what was taken, of what, how. A name is not among them.

Leaves out: any word of which a person could be called by. Numbers stay where they name teeth, and lengths in mm.
"""

import re
import unicodedata


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_WORDS = _words("""
    2d 3d acquisition adult all alveolar anterior apical arch area artefact artifact atm axial bilateral bite
    bitewing block body bone both both-sides bucal buccal canine canino cavity cbct cefalometria cefalometrica
    ceph cephalo cephalometric chin closed condilo condyle cone cone-beam contact contacto contour control
    coronal cortical cross cross-section cross-sections crown ct curve dental dentition derecha derecho detail
    digital direita direito distal dvt dx edentulous endo endodontic exam examen exposure extraction extraoral
    face facial field fine floor follow follow-up foramen fossa fov frontal full full-mouth gap graft guide
    guided hand head high horizontal image imagen images impactado impacted implant implante implantes implants
    incisive incisor incisors inferior intraoral io izquierda izquierdo jaw jaws joint lateral left left-side
    length lingual long low lower mandible mandibula mandibular maxilar maxilla maxillae maxillary maxillofacial
    medium mesial mid middle midline mm model molar molares molars mouth mpr multiplanar nerve nervio nervo
    oblique occlusal oclusal odontologia open opened opg opt orbit ortho orthodontic orthopantomogram overview
    pa palatal palate pan pano panorama panoramic panoramica panoramico paranasal partial periapical plane
    planning post post-op posterior postop pre pre-op premolar premolars preop preoperative projection quadrant
    radicular radiografia ramus reconstruction region resolution resto retained right right-side root roots
    sagittal scan scout section sections segment seno series sinus sinuses site skull slice slices small soft
    space standard status study superior surgery surgical survey symphysis tac teeth telerradiografia
    temporomandibular thick thin third tissue tmj tooth torus total transversal upper vertical view volume
    volumen voxel width window wisdom with without x-ray xray zygoma
""")
_NUMBER = re.compile(r"[1-8]\.?[1-8]|[0-9]{1,2}|[0-9]{1,2}[.,][0-9]{1,3}", re.ASCII)
_PARTS = re.compile(r"[\s,;:()\[\]/_+&|\\]+")
LONGEST = 64  # characters, of any descriptor that is kept: PS3.5 6.2, LO


def cleaned(text: str) -> str:
    """Give what is left of a description: its known words in ASCII, in their order."""
    kept = [plain for part in _PARTS.split(text) if (plain := _plain(part)) and _is_known(plain)]
    return " ".join(kept)[:LONGEST].strip()


def _plain(part: str) -> str:
    """Give a word without accents and punctuation around it."""
    wide = unicodedata.normalize("NFKD", part)
    bare = "".join(character for character in wide if not unicodedata.combining(character)).strip(".-'\"")
    return bare if bare.isascii() else ""


def _is_known(word: str) -> bool:
    return word.lower() in _WORDS or _NUMBER.fullmatch(word) is not None

"""The words that the embedded writer chooses from, and the names by which each colour is spoken of. Data only."""

from __future__ import annotations

from deckport_assets.models import Category, Colour, Rarity

SPOKEN_COLOURS: dict[Colour, tuple[str, ...]] = {
    Colour.CRIMSON: ("crimson", "ember red"),
    Colour.AZURE: ("azure", "aether blue"),
    Colour.VERDANT: ("verdant", "verdant green"),
    Colour.OBSIDIAN: ("obsidian", "obsidian black"),
    Colour.RADIANT: ("radiant", "radiant white"),
    Colour.AETHER: ("aether", "quantum gold"),
}
"""The colour's word, then the name that the source's prompts give it: their "Aether Blue" is azure, not aether."""

SETTINGS: dict[Colour, tuple[str, ...]] = {
    Colour.CRIMSON: (
        "volcanic terraces above rivers of glowing magma", "basalt arches leaning over a molten chasm",
        "ash dunes beneath a blood-red sky", "a burning citadel at the lip of a caldera",
        "an obsidian plain cracked with searing light", "a foundry canyon lit by falling slag",
        "charred giant trees in a rain of cinders", "a dragon graveyard glowing from within",
    ),
    Colour.AZURE: (
        "floating libraries of light over a moonlit bay", "glacial fjords with translucent ice caverns",
        "rain-swept cliff towers with arcane antennas", "a drowned temple beneath a silver tide",
        "a sky harbor of crystal piers above the clouds", "an aurora over a frozen inland sea",
        "waterfalls pouring upward between islands", "a storm front towering over black water",
    ),
    Colour.VERDANT: (
        "a misty fern valley lit by fireflies", "ruined ziggurats swallowed by vines",
        "overgrown engine-temples with living circuitry", "a cathedral of ancient moss-hung oaks",
        "a mangrove delta at first light", "mushroom terraces glowing in deep shade",
        "a hanging garden over a hidden gorge", "a meadow of giant seedheads in the wind",
    ),
    Colour.OBSIDIAN: (
        "a gothic necropolis with broken arches", "a void-scarred desert of black glass",
        "shadowed wetlands with dead trees and fog", "wind-carved canyons full of whispering ash",
        "a drowned cathedral under a violet eclipse", "a stair of tombs above a sunless sea",
        "a forest of iron thorns beneath a thin moon", "a hollow mountain lined with pale lanterns",
    ),
    Colour.RADIANT: (
        "sun-washed citadels with marble terraces", "haloed arches over mirrored stone",
        "sanctuary plazas with luminous fountains", "stained-glass cloisters casting prismatic light",
        "a golden stair rising through dawn clouds", "a white valley strewn with sunlit statues",
        "a wheat plain before a shining cathedral", "a bell tower above an ocean of morning mist",
    ),
    Colour.AETHER: (
        "mechanical orreries above star-lit deserts", "floating islands tangled in time rifts",
        "ancient clockwork amphitheaters", "mirage dunes with looping footprints",
        "a hall of mirrors open to the galaxy", "a spiral bridge folding back on itself",
        "a shattered observatory drifting among moons", "a river of sand flowing between two eras",
    ),
}  # fmt: skip

PALETTES: dict[Colour, tuple[str, ...]] = {
    Colour.CRIMSON: (
        "deep scarlet, ember orange and soot black", "vermilion, molten gold and charred umber",
        "garnet shadow, copper flame and ash gray", "burnt sienna, coral fire and smoke black",
    ),
    Colour.AZURE: (
        "cool sapphire, cyan and pale silver", "ultramarine, ice blue and pearl",
        "storm teal, cobalt and moonlit white", "midnight blue, aquamarine and frost",
    ),
    Colour.VERDANT: (
        "emerald, moss and bioluminescent lime", "fern green, amber sunlight and bark brown",
        "jade, deep pine and soft chartreuse", "olive shade, leaf gold and mint",
    ),
    Colour.OBSIDIAN: (
        "onyx, charcoal and cold pale moonlight", "black violet, slate and bone",
        "inky plum, pewter and spectral lilac", "jet, ash gray and amethyst fire",
    ),
    Colour.RADIANT: (
        "ivory, soft gold and cool pearl", "cream, champagne light and sky blue shadow",
        "white marble, honey and rose dawn", "alabaster, sun yellow and silver",
    ),
    Colour.AETHER: (
        "antique gold, violet undertones and prismatic edges", "brass, indigo and iridescent rose",
        "amber, deep magenta and opal light", "bronze, ultraviolet and rainbow glints",
    ),
}  # fmt: skip

EFFECTS: dict[Colour, tuple[str, ...]] = {
    Colour.CRIMSON: (
        "embers coiling in the updraft", "sparks bursting from shattered rock", "heat haze warping the horizon",
        "fiery rim light carving the silhouette", "smoke plumes with ember constellations",
        "cinders drifting across the foreground", "lava glow bouncing from below", "tongues of flame licking upward",
    ),
    Colour.AZURE: (
        "ripples of refracted light", "mist and spray frozen in mid-air", "soft bokeh from distant blue lanterns",
        "fine droplets shining like stars", "moonlight glittering on wet edges", "ribbons of aurora overhead",
        "caustic patterns dancing on stone", "snow crystals catching a silver beam",
    ),
    Colour.VERDANT: (
        "spores drifting like stardust", "dew sparkling on every edge", "god rays through canopy haze",
        "petals and leaves caught in mid-whirl", "fireflies tracing slow spirals", "pollen glowing in a warm beam",
        "roots threaded with green light", "mist pooling between the trunks",
    ),
    Colour.OBSIDIAN: (
        "spectral mist pooling at ground level", "long braided shadows across stone",
        "knife-edge rim light from a cold moon", "motes drifting like ashes of memory",
        "violet sparks along broken edges", "subtle glints on wet obsidian shards", "ravens scattering into fog",
        "a halo of black smoke unwinding",
    ),
    Colour.RADIANT: (
        "gentle aureole halos and bloom", "feathered light scattering across armor",
        "gold glints on polished surfaces", "shafts of dawn through high windows", "white petals carried on the air",
        "soft lens bokeh from distant torches", "dust turning to gold in the sun", "rainbow edges in the bright mist",
    ),
    Colour.AETHER: (
        "soft diffraction rainbows on metal", "afterimages trailing every motion",
        "dust arcs frozen in mid-spin", "glints bending as if through a lens", "rings of light counting the seconds",
        "shards of other skies hanging in the air", "clock hands of pure light", "gravity pulling sparks into spirals",
    ),
}  # fmt: skip

ACTIONS: dict[Category, tuple[str, ...]] = {
    Category.CREATURE: (
        "stalking forward with predatory focus", "roaring into the wind as particles whirl",
        "emerging from mist with eyes igniting", "charging with debris kicked from the ground",
        "rising to its full height above its foes", "circling a fallen beacon", "bracing amid a rippling shockwave",
        "leaping a chasm in a single bound", "guarding its lair with lowered head",
    ),
    Category.STRUCTURE: (
        "channeling energy into surrounding pylons", "casting long shadows as its core awakens",
        "raising a shield dome that bends the landscape", "unfurling protective plates like petals",
        "launching signal flares across the sky", "standing alone after the siege",
        "opening its great doors to a column of light", "rising from the ground in a ring of dust",
    ),
    Category.ACTION_FAST: (
        "a single strike caught at its brightest instant", "a blink step leaving afterimages at odd angles",
        "a slash that parts the air in a crescent", "a thrown spear of energy at the moment of impact",
        "a darting lunge along a ribbon of light", "a burst of force shattering stone",
        "a spinning blow trailing bright arcs", "a shockwave racing outward in rings",
    ),
    Category.ACTION_SLOW: (
        "a great ritual circle slowly turning", "a vortex gathering strength above the ground",
        "a sigil drawn in burning lines across the sky", "energy winding inward to a blinding heart",
        "pillars of power rising one after another", "a tide of magic closing over the field",
        "a rite at its turning point with every shadow drawn inward", "a storm of power held in perfect balance",
    ),
    Category.EQUIPMENT: (
        "hovering in a shaft of light, forged edges gleaming", "resting on an ancient pedestal, waking slowly",
        "held aloft by unseen force, its gem alight", "freshly forged and still humming with power",
        "half drawn from a veil of magic", "turning slowly to show its engraved metalwork",
        "casting its own light over carved stone", "crowned by a ring of drifting sparks",
    ),
    Category.ENCHANTMENT: (
        "woven from ribbons of living energy", "blooming as a rune circle above an open hand of light",
        "spiralling upward in luminous script-like knots", "settling like a veil over a bowed figure",
        "unfolding in petals of translucent force", "pulsing outward in concentric halos",
        "binding the air with glowing threads", "breathing in and out like a sleeping star",
    ),
    Category.ARTIFACT: (
        "floating above its shrine, facets alight", "whispering power from a worn stone plinth",
        "opening to reveal the glow at its heart", "orbited by fragments of its broken shell",
        "half buried and shining through the dust", "suspended in a cage of slow lightning",
        "reflected in a pool of still light", "revealed by a parting curtain of haze",
    ),
    Category.HERO: (
        "raising a weapon against the light", "standing on a high ledge with cape streaming",
        "walking out of battle smoke, gaze steady", "kneeling to draw power from the ground",
        "calling allies forward with an open hand", "turning to face an unseen giant",
        "holding the line with blade and banner", "gathering magic between both palms",
    ),
}  # fmt: skip

NOUNS: dict[Category, str] = {
    Category.CREATURE: "creature", Category.STRUCTURE: "structure", Category.ACTION_FAST: "swift spell",
    Category.ACTION_SLOW: "ritual spell", Category.EQUIPMENT: "piece of equipment",
    Category.ENCHANTMENT: "enchantment", Category.ARTIFACT: "artifact", Category.HERO: "hero",
}  # fmt: skip

STANDING: dict[Rarity, tuple[str, ...]] = {
    Rarity.COMMON: ("weathered", "time-worn", "stout", "steadfast"),
    Rarity.RARE: ("storied", "masterful", "gleaming", "ornate"),
    Rarity.EPIC: ("towering", "awe-inspiring", "magnificent", "fabled"),
    Rarity.LEGENDARY: ("legendary", "mythic", "world-shaking", "immortal"),
}

CAMERAS: tuple[str, ...] = (
    "a low-angle hero shot", "a dynamic three-quarter view", "a wide cinematic landscape", "a ground-level view",
    "a profile portrait with dramatic backlight", "an aerial sweep from above", "an intimate close view",
    "a tilted frame in mid-action", "a long view down a narrow pass", "a view through a broken arch",
)  # fmt: skip

STYLES: tuple[str, ...] = (
    "Oil on canvas with layered glazing, strong chiaroscuro and visible brushwork.",
    "Painted in thick impasto with confident palette-knife edges and a luminous underpainting.",
    "A traditional fantasy oil painting, tight in the focal area and loose toward the borders.",
    "Gouache and oil in the manner of a classic adventure book plate, rich in texture.",
    "Hand-painted with wet edges, broken color and natural canvas grain.",
    "A dramatic tenebrist painting with soft glazes in the shadows and crisp lights.",
)

COMPOSITIONS: tuple[str, ...] = (
    "One clear focal point, unmarked surfaces, the scene filling the whole canvas edge to edge.",
    "A single readable silhouette against the light, plain unlettered surfaces, painted to every edge.",
    "Strong diagonal composition, quiet borders, surfaces clean and unmarked, full-bleed scene.",
    "Central subject framed by depth and haze, clean untouched surfaces, picture carried to all four edges.",
    "Deep foreground, middle and distance, an uncluttered focal area and bare unmarked surfaces throughout.",
)

KEYWORD_SIGNS: dict[str, str] = {
    "reflect": "a mirrored shimmer turning force aside", "energy": "arcs of stored energy",
    "attack": "a sharpened aggressive glow", "poison": "a sickly vapor curling at the edges",
    "health": "a warm pulse of life", "teleport": "a doorway of folded space", "defense": "a translucent warding shell",
    "water": "a lash of bright water", "immunity": "an unbroken halo of protection", "fire": "a lick of open flame",
    "regeneration": "wounds knitting with light", "life_steal": "threads of life drawn inward",
    "heal": "gentle mending light", "freeze": "hoarfrost creeping outward", "burn": "glowing burn lines",
    "mana": "wisps of raw mana", "damage": "a violent flash at the point of impact",
}  # fmt: skip
"""What a keyword looks like; the key is a part of the keyword, the first that occurs counts."""

NEGATIVE = (
    "text, letters, numbers, watermark, signature, logo, card frame, border, user interface, collage, "
    "extra limbs, deformed hands, blurry, low contrast, plastic shading, photograph"
)

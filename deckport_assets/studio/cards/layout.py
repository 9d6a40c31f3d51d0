"""From a card's facts and a theme to drawing instructions: which gem, which text and which shape goes where.

Decides everything and draws nothing. Every fact of `CardSpec` ends up in the draw list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deckport_assets.errors import MissingElement, TextOverflow, ThemeError
from deckport_assets.studio.cards.draw_list import Box, DrawList, Glow, Layer, Light, Paint, Shape, TextLine
from deckport_assets.studio.cards.layers import LayerPicture
from deckport_assets.studio.cards.spec import CardSpec, title
from deckport_assets.studio.cards.symbols import sentences
from deckport_assets.studio.cards.text import Fitted, Paragraph, Run, Style, TextFitter
from deckport_assets.studio.cards.theme import Theme
from deckport_assets.studio.cards.theme_parts import BoxPx, GemPart, LayersPart, LayoutPart, ShapePart

Mark = Shape | TextLine

_STATS = ("attack", "defense", "health")
_WORTH_A_LINE = 0.85
"""Rules stand on lines of their own when their letters keep this much of their size."""


def layout(spec: CardSpec, theme: Theme) -> DrawList:
    """The drawing instructions for a card.

    Raises TextOverflow or MissingGlyph for a text that cannot be set, MissingElement or ThemeError when the theme
    lacks what this card needs.
    """
    try:
        return _CardLayout(spec, theme).draw_list()
    except MissingElement as missing:
        raise MissingElement(f"{spec.sku} {spec.name}: {missing}", remedy=missing.remedy) from None


class _CardLayout:
    """One card on its way to a draw list: the theme seen through this card's palette and places."""

    def __init__(self, spec: CardSpec, theme: Theme) -> None:
        self.spec = spec
        self.theme = theme
        self.palette: Mapping[str, str] = theme.palette(spec.colour, spec.rarity, spec.category)
        self.fitter = TextFitter(theme.fonts, f"{spec.sku} {spec.name}, theme {theme.name!r}")
        self.part, self.fitted = self.chosen(theme.layouts_for(spec.features))

    def draw_list(self) -> DrawList:
        parts = self.theme.parts
        return DrawList(
            width_px=parts.canvas.width_px,
            height_px=parts.canvas.height_px,
            window=self.place("window"),
            focus=parts.focus,
            light=self.light(),
            plate=self.plate(),
            marks=(*self.heading(), *self.numbers(), *self.panel(), *self.footing()),
        )

    def chosen(self, layouts: Iterable[LayoutPart]) -> tuple[LayoutPart, Fitted]:
        """The first layout in which the panel's text stays as large as the layout asks, and that text.

        One that asks nothing is the last that is tried. Raises TextOverflow.
        """
        for self.part in layouts:
            least = self.part.text_scale
            try:
                fitted = self.block(self.traits_in_block(), roomy=least > 0)
            except TextOverflow:
                if least == 0:
                    raise
                continue
            if fitted.scale >= least:
                break
        return self.part, fitted

    def light(self) -> Light | Glow:
        """What shines on the art."""
        parts = self.theme.parts
        if parts.layers is not None and not parts.layers.glow:
            return Light((0, 0, 0), 0, 1)
        if parts.layers is not None:
            return Glow(parts.layers.glow, self.theme.layers[parts.layers.glow].sha256, parts.layers.glow_times)
        red, green, blue, _ = self.theme.rgba(parts.light.colour, self.palette)
        return Light((red, green, blue), parts.light.strength, parts.light.reach_px)

    def frame(self, layers: LayersPart) -> LayerPicture:
        """The picture that is this card's frame."""
        return self.theme.layers[layers.legendary_frame if self.spec.legendary else layers.frame]

    def layers(self, layers: LayersPart) -> Iterable[Layer]:
        """The pictures that lie over the art, from the lowest."""
        spec, frame = self.spec, self.frame(layers)
        yield Layer(frame.path.name, frame.sha256)
        mana = self.theme.find("mana icon for", layers.mana, spec.colour)
        rarity = "" if spec.legendary else self.theme.find("icon for", layers.rarity, spec.rarity)
        for name in (mana, rarity, layers.set_icon):
            if name:
                yield Layer(name, self.theme.layers[name].sha256)

    def plate(self) -> tuple[Shape | Layer, ...]:
        """What all cards of this rarity, colour and layout have in common."""
        parts = self.theme.parts
        canvas = Box(0, 0, parts.canvas.width_px, parts.canvas.height_px)
        if parts.layers is not None:
            panels = (self.shape(part, canvas) for part in parts.plate)
            return (*self.layers(parts.layers), *(panel for panel in panels if panel is not None))
        ornaments = self.theme.find("rarity", parts.rarities, self.spec.rarity).ornaments
        legendary = parts.legendary if self.spec.legendary else ()
        shapes = [self.shape(part, canvas) for part in (*parts.plate, *ornaments, *legendary)]
        badge = self.gem("rarity", self.place("badge"))
        return (*(shape for shape in shapes if shape is not None), *(m for m in badge if isinstance(m, Shape)))

    def heading(self) -> Iterable[Mark]:
        category = self.theme.find("category", self.theme.parts.categories, self.spec.category).name
        if self.spec.legendary:
            category = self.theme.parts.words.category_legendary.format(category=category)
        rarity = self.theme.find("rarity", self.theme.parts.rarities, self.spec.rarity).name
        yield self.line("name", self.spec.name)
        yield self.line("category", category)
        if "category_icon" in self.part.places:
            yield from self.gem("category", self.place("category_icon"))
        yield self.line("rarity", rarity)

    def numbers(self) -> Iterable[Mark]:
        stats = [name for name, _ in self.spec.numbers() if name in _STATS]
        for name, number in self.spec.numbers():
            place = self.stat_place(name, stats) if name in stats else name
            yield from self.gem(name, self.place(place), str(number))

    def stat_place(self, name: str, stats: list[str]) -> str:
        """Where a stat stands: at its own place, or, where a layout has room for three, two at the sides, one in the
        middle: a missing stat leaves no hole."""
        if len(stats) == len(_STATS) or any(each not in self.part.places for each in _STATS):
            return name
        return _STATS[0 if name == stats[0] else -1] if len(stats) == 2 else _STATS[1]

    def panel(self) -> Iterable[Mark]:
        """Traits on their own line, then keywords, rules and flavor in one block that shrinks as one."""
        if self.traits() and not self.traits_in_block():
            yield self.line("traits", self.traits())
        flow = self.theme.parts.flow
        yield from self.fitted.lines
        for symbol in self.fitted.symbols:
            yield from self.symbol(symbol.name, symbol.box)
        for y_px in self.fitted.rules_y_px:
            left_px, top_px = self.place("text").centre_px[0] - flow.rule_width_px / 2, y_px - flow.rule_height_px / 2
            yield from self.stretched(flow.rule, Box(left_px, top_px, flow.rule_width_px, flow.rule_height_px))

    def traits(self) -> str:
        """The energy that the card gives each turn, and its equipment slots."""
        words, spec = self.theme.parts.words, self.spec
        traits: list[str] = []
        if spec.base_energy_per_turn:
            traits.append(words.energy_per_turn.format(number=spec.base_energy_per_turn))
        if spec.equipment_slots:
            said = words.equipment_slot if spec.equipment_slots == 1 else words.equipment_slots
            traits.append(said.format(number=spec.equipment_slots))
        return words.joint.join(traits)

    def traits_in_block(self) -> str:
        """The traits, in a layout that has no line for them."""
        return "" if "traits" in self.part.places else self.traits()

    def block(self, traits: str, *, roomy: bool) -> Fitted:
        """The panel's text: each short rule on a line of its own where the letters do not become smaller for it, and
        always when it is `roomy`."""
        whole = self.paragraphs(traits, apart=False)
        if not whole:
            return Fitted(())
        apart, box = self.paragraphs(traits, apart=True), self.place("text")
        if roomy:
            return self.fitter.block(apart, box, "text")
        if len(apart) > len(whole):
            try:
                lines = self.fitter.block(apart, box, "text")
            except TextOverflow:
                return self.fitter.block(whole, box, "text")
            together = self.fitter.block(whole, box, "text")
            if _largest_px(lines) >= _largest_px(together) * _WORTH_A_LINE:
                return lines
            return together
        return self.fitter.block(whole, box, "text")

    def paragraphs(self, traits: str, *, apart: bool) -> list[Paragraph]:
        """The panel's paragraphs; `apart` sets each short rule for itself. What the rules say themselves is not said
        by a keyword as well."""
        flow, spec, table = self.theme.parts.flow, self.spec, self.theme.symbols
        keywords: list[Run] = []
        said = self.marked(spec.rules_text)
        for code in spec.keywords:
            if table.says(said, code, title(code)):
                continue
            keywords += [Run(self.theme.parts.words.joint, joint=True)] if keywords else []
            keywords += table.keyword(code, title(code))
        above = [("traits", (Run(traits),) if traits else ()), ("keywords", tuple(keywords))]
        for line in spec.rules_text.splitlines():
            above += [("rules", self.marked(rule)) for rule in (sentences(line) if apart else [line])]
        larger = self.part.enlarged
        paragraphs = [Paragraph(runs, self.style(style, larger), flow.gap_px * larger) for style, runs in above if runs]
        if spec.flavor_text:
            gap_px = flow.flavor_gap_px * larger
            paragraphs.append(Paragraph((Run(spec.flavor_text),), self.style("flavor", larger), gap_px, ruled=True))
        return paragraphs

    def marked(self, rule: str) -> tuple[Run, ...]:
        try:
            return self.theme.symbols.runs(rule)
        except MissingElement as missing:
            raise MissingElement(f"box 'text': {missing}", remedy=missing.remedy) from None

    def footing(self) -> Iterable[Mark]:
        words, spec = self.theme.parts.words, self.spec
        if spec.card_set:
            yield self.line("card_set", spec.card_set)
            if "set_symbol" in self.part.places:
                yield from self.gem("card_set", self.place("set_symbol"))
        yield self.line("sku", spec.sku)
        if spec.collector_number:
            yield self.line("collector_number", words.collector_number.format(number=spec.collector_number))
        if spec.credit:
            yield self.line("credit", words.credit.format(credit=spec.credit))

    def symbol(self, name: str, box: Box) -> Iterable[Shape]:
        part = self.theme.find("symbol", self.theme.parts.symbols, name)
        return self.stretched(self.theme.parts.symbol.shapes, box, part.palette)

    def line(self, place: str, text: str) -> TextLine:
        return self.fitter.line(text, self.style(place), self.place(place), place)

    def gem(self, name: str, box: Box, number: str = "") -> Iterable[Mark]:
        part: GemPart = self.theme.find("gem", self.theme.parts.gems, name)
        yield from self.stretched(part.shapes, box)
        for text, style, inner in (
            (number, part.style, part.number_box),
            (part.label, part.label_style, part.label_box),
        ):
            if text:
                yield self.fitter.line(text, self.style(style), _within(box, inner), name)

    def stretched(
        self, parts: Iterable[ShapePart], box: Box, palette: Mapping[str, str] | None = None
    ) -> Iterable[Shape]:
        """Shapes drawn on 100 x 100, stretched to a box; radius, ring and blur go with its height."""
        for part in parts:
            shape = self.shape(part, Box(0, 0, 100, 100), {**self.palette, **(palette or {})})
            if shape is not None:
                yield Shape(
                    box=_within(box, (shape.box.x_px, shape.box.y_px, shape.box.width_px, shape.box.height_px)),
                    paint=shape.paint,
                    path=shape.path,
                    radius_px=shape.radius_px * box.height_px / 100,
                    ring_px=shape.ring_px * box.height_px / 100,
                    blur_px=shape.blur_px * box.height_px / 100,
                )

    def shape(self, part: ShapePart, everything: Box, palette: Mapping[str, str] | None = None) -> Shape | None:
        """The shape in its place; None when it is for a place that this layout does not have."""
        palette = self.palette if palette is None else palette
        if part.at and part.if_present and part.at not in self.part.places:
            return None
        place = self.place(part.at) if part.at else everything
        if part.box is not None:
            place = _from_corner(place, Box(*part.box), part.corner)
        colours = (part.paint,) if isinstance(part.paint, str) else part.paint
        if not colours:
            raise ThemeError(f"Theme {self.theme.name!r} has a shape with an empty paint.")
        last = max(1, len(colours) - 1)
        stops = tuple((i / last, self.theme.rgba(colour, palette)) for i, colour in enumerate(colours))
        return Shape(
            box=place.inset(part.inset_px),
            paint=Paint(part.direction, stops),
            path=self.path(part.path, palette),
            radius_px=part.radius_px,
            ring_px=part.ring_px,
            blur_px=part.blur_px,
            cuts=part.cuts,
        )

    def path(self, name: str, palette: Mapping[str, str]) -> str:
        for _ in range(8):
            if not name.startswith("$"):
                break
            name = self.theme.find("palette entry", palette, name[1:])
        return self.theme.find("path", self.theme.parts.paths, name) if name else ""

    def place(self, name: str) -> Box:
        layers = self.theme.parts.layers
        if name == "window" and layers is not None:
            return self.frame(layers).window
        if name not in self.part.places:
            self.theme.lacks(f"place {name!r} in its layout {self.part.name!r}")
        return Box(*self.part.places[name])

    def style(self, name: str, larger: float = 1) -> Style:
        part = self.theme.find("style", self.theme.parts.styles, name)
        self.theme.find("font stack", self.theme.fonts, part.font)
        values = part.model_dump() | {"size_px": part.size_px * larger}
        for colour in ("colour", "outline_colour"):
            values[colour] = self.theme.rgba(values[colour], self.palette)
        return Style(**values)


def _largest_px(fitted: Fitted) -> float:
    return max(line.size_px for line in fitted.lines)


def _within(box: Box, inner: BoxPx) -> Box:
    """A box given on 100 x 100, stretched to another box."""
    x, y, width, height = inner
    across, down = box.width_px / 100, box.height_px / 100
    return Box(box.x_px + x * across, box.y_px + y * down, width * across, height * down)


def _from_corner(place: Box, inner: Box, corner: str) -> Box:
    """A box counted from a corner of a place: its x and y grow into the place."""
    x_px, y_px = place.x_px + inner.x_px, place.y_px + inner.y_px
    if corner.startswith("right"):
        x_px = place.right_px - inner.x_px - inner.width_px
    if corner.endswith("bottom"):
        y_px = place.bottom_px - inner.y_px - inner.height_px
    return Box(x_px, y_px, inner.width_px, inner.height_px)

/** Units: UCUM code, then the words for one; for several; for two. A word for one, alone, means one of it. */

export const units = `
kg: kilo, kilogram, kg, kilogramme; kilos, kilograms, kgs, kilogrammes
g: gram, g, gramme; grams, grammes
mg: milligram, mg, milligramme; milligrams, mgs, milligrammes
ug: microgram, mcg, ug; micrograms
mL: milliliter, millilitre, ml, cc, mil; milliliters, millilitres, mils
L: liter, litre, l; liters, litres
cm: centimeter, centimetre, cm; centimeters, centimetres, cms
m: meter, metre, m; meters, metres
mm: millimeter, millimetre, mm; millimeters, millimetres
km: kilometer, kilometre, km; kilometers, kilometres
[in_i]: inch; inches
[ft_i]: foot, ft; feet
[lb_av]: pound, lb; pounds, lbs
[oz_av]: ounce, oz; ounces
[stone_av]: stone; stones
Cel: degree, celsius, degree celsius, centigrade; degrees, degrees celsius, degrees centigrade
[degF]: fahrenheit, degree fahrenheit, degrees fahrenheit
mm[Hg]: mmhg, millimeters of mercury, millimetres of mercury
mmol/L: millimoles per liter, millimoles per litre, millimoles, millimole
mg/dL: milligrams per deciliter, milligrams per decilitre
%: percent, per cent
/min: beats per minute, bpm, beat per minute, per minute, breaths per minute
s: second; seconds, secs
min: minute, min; minutes, mins
h: hour; hours, hrs
d: day; days
wk: week; weeks; fortnight
mo: month; months
a: year; years, years old, year old, years of age, yrs
`

/** Things that are counted: one; several; two. A number before them is a count, and no option's number. */
export const counters = `
thing: time, pill, tablet, cup, glass, cigarette, meal, dose, capsule, drink, spoon, pack, night; times, pills, tablets, cups, glasses, cigarettes, meals, doses, capsules, drinks, spoons, packs, nights; twice
person: child, kid, son, daughter, person, boy, girl; children, kids, sons, daughters, people, persons, boys, girls
step: step; steps
`

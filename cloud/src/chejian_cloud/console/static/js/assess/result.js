// What a form comes to: level, foundation, gaps with advice, and where it stands among others.
import { clear } from '../charts/base.js';
import { radar } from '../charts/radar.js';
import { byId, fill, h, table } from '../dom.js';
import { NONE, fixed, measured, percent } from '../format.js';
import { nameOf, t, textOf, word } from '../i18n.js';

function levelLine(level) {
  const name = level.id ? nameOf(level) : t('assess.no_level');
  return h('p', { class: 'big' }, level.ladder ? `${word('ladder', level.ladder)}: ` : '', name);
}

/** Level, total, and how well founded they are. */
export function showResult(form, result) {
  const facts = [
    [t('assess.total'), result.total === null ? NONE : fixed(result.total, 2)],
    [t('assess.answered'), percent(result.answered)],
    [t('basis.measured'), percent(result.measured)],
    [t('basis.declared_with_attachment'), percent(result.attached)],
    [t('basis.declared'), percent(result.declared)],
    [t('assess.contradictions'), result.contradictions.length ? h('span', { class: 'flag bad' }, result.contradictions.length) : '0'],
    [t('assess.source'), `${textOf(form.standard, 'source')} · ${form.standard.confidence}`],
  ];
  fill('result', result.levels.map(levelLine), h('dl', { class: 'facts' }, facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])));
  byId('result-meta').textContent = t('assess.version', { id: form.standard.id, version: form.standard.version });
  if (result.radar.length > 2) radar('radar', result.radar);
  else clear('radar', t('assess.radar.none'));
}

/** Changes that lead to the next level; where several do so each by itself, those, too. */
export function showGaps(result) {
  const moves = result.advice.flatMap((advice) => advice.moves.map((move) => ({ ...move, level: advice.level, alone: advice.alone.some((each) => each.item === move.item) })));
  const columns = [
    [t('assess.next_level'), (move) => (move.level ? nameOf(move.level) : NONE)],
    [t('assess.item'), nameOf],
    [t('assess.now'), (move) => (move.before.length ? move.before.map((v) => measured(v)).join(' / ') : NONE), 'num'],
    [t('assess.needed'), (move) => move.to.map((v) => measured(v)).join(' / '), 'num'],
    [t('assess.change'), (move) => percent(move.change), 'num'],
  ];
  const alone = result.advice.flatMap((advice) => advice.alone.map((move) => `${nameOf(move)} → ${move.to.map((v) => measured(v)).join(' / ')}`));
  const unreachable = result.advice.filter((advice) => advice.level && !advice.reachable).map((advice) => h('p', { class: 'notice' }, t('assess.unreachable', { level: nameOf(advice.level) })));
  fill('gaps', moves.length ? table(t('assess.gaps.caption'), columns, moves) : unreachable.length ? null : h('p', { class: 'empty' }, t('assess.gaps.none')), unreachable, alone.length > 1 ? h('p', {}, t('assess.gaps.alone', { moves: alone.join('; ') })) : null);
}

/** The own total beside quartiles of others, who stay unknown. */
export function showBenchmark(benchmark) {
  const told = (group, name) => (group.reason ? NONE : measured(group[name]));
  const columns = [
    [t('assess.peers.group'), (group) => word('peers', group.group)],
    [t('assess.peers.lower'), (group) => told(group, 'lower'), 'num'],
    [t('assess.peers.median'), (group) => told(group, 'median'), 'num'],
    [t('assess.peers.upper'), (group) => told(group, 'upper'), 'num'],
    [t('assess.peers.others'), (group) => (group.reason ? word('peers_hidden', group.reason) : group.others)],
  ];
  const own = benchmark.own === null ? t('assess.peers.own.none') : t('assess.peers.own', { total: fixed(benchmark.own, 1) });
  fill('benchmark', h('p', { class: 'big' }, own), table(t('assess.peers.caption'), columns, benchmark.groups), h('p', { class: 'meta' }, t('assess.peers.rule', { n: benchmark.least })));
}

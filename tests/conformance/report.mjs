// Prints what became of scenarios as one table and judges it: fails where one that should pass does not, unless open.json lists it with a reason,
// and where a listed one passes, so that the list only shrinks.

import { readFile } from 'node:fs/promises';

const COMPLAINT_LENGTH = 300;

/**
 * @param list the list's name in open.json, and the table's title
 * @param columns what the table compares, by name
 * @param rows { name, scored, cells: a summary for each column, passed, owed: whether it should pass, complaints }
 * @returns whether all is as it should be
 */
export async function report({ list, columns, rows }) {
  const open = JSON.parse(await readFile(new URL('open.json', import.meta.url), 'utf8'))[list] ?? {};
  const judged = rows.map((row) => ({ ...row, ...verdictOf(row, open) }));
  printTable(list, columns, judged);
  printComplaints(judged);

  const unknown = Object.keys(open).filter((entry) => !rows.some((row) => matches(entry, row.name)));
  for (const entry of unknown) console.log(`open.json lists ${entry} under ${list}, which is no scenario there`);
  return unknown.length === 0 && judged.every(({ isWrong }) => !isWrong);
}

/** An entry that ends with an asterisk stands for all scenarios that begin so. */
const matches = (entry, name) => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry);

function verdictOf({ name, passed, owed }, open) {
  const entry = Object.keys(open).find((candidate) => matches(candidate, name));
  if (entry) return passed ? { isWrong: true, remark: 'LISTED AS OPEN, BUT PASSES' } : { isWrong: false, remark: `open: ${open[entry]}` };
  return owed && !passed ? { isWrong: true, remark: 'BROKEN BY THE GATEWAY' } : { isWrong: false, remark: '' };
}

function printTable(list, columns, rows) {
  const lines = rows.map(({ name, scored, cells, remark }) => [scored ? name : `(${name})`, ...cells.map((cell) => cell.text), remark]);
  const table = [[list, ...columns, ''], ...lines];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  for (const line of table) console.log(line.map((cell, column) => cell.padEnd(column < columns.length + 1 ? widths[column] : 0)).join('  ').trimEnd());

  const count = (column, scored) => rows.filter((row) => row.cells[column].passed && row.scored === scored).length;
  const total = (scored) => rows.filter((row) => row.scored === scored).length;
  columns.forEach((name, column) =>
    console.log(`${name}: ${count(column, true)} of ${total(true)} scored, ${count(column, false)} of ${total(false)} (not scored) pass`),
  );
}

/** What the suite has to say about what should be better. */
function printComplaints(rows) {
  for (const { name, complaints, isWrong, passed } of rows) {
    if (complaints.length === 0 || !(isWrong || passed)) continue;
    console.log(`\n${name}`);
    for (const complaint of complaints) console.log(`  ${complaint.slice(0, COMPLAINT_LENGTH)}`);
  }
}

#!/usr/bin/env python3
"""Reads a .trx file of `dotnet test`.

  test-results.py counts FILE    "PASSED FAILED"
  test-results.py failures FILE  every failed test with its message, for people
  test-results.py filter FILE    the failed tests as an expression for `dotnet test --filter`
"""
import sys
import xml.etree.ElementTree as ET

SPACE = {"t": "http://microsoft.com/schemas/VisualStudio/TeamTest/2010"}
MESSAGE_LINES = 12


def main(verb, path):
    run = ET.parse(path).getroot()
    results = run.findall("t:Results/t:UnitTestResult", SPACE)
    failed = [result for result in results if result.get("outcome") != "Passed"]
    if verb == "counts":
        print(len(results) - len(failed), len(failed))
    elif verb == "failures":
        for result in failed:
            message = result.findtext("t:Output/t:ErrorInfo/t:Message", "", SPACE)
            stack = result.findtext("t:Output/t:ErrorInfo/t:StackTrace", "", SPACE)
            lines = message.splitlines()[:MESSAGE_LINES] + stack.splitlines()[:3]
            print(result.get("testName"), *("    " + line for line in lines), sep="\n")
    elif verb == "filter":
        methods = {
            test.get("id"): test.find("t:TestMethod", SPACE) for test in run.findall("t:TestDefinitions/t:UnitTest", SPACE)
        }
        names = {f"{methods[result.get('testId')].get('className')}.{name(methods[result.get('testId')])}" for result in failed}
        print("|".join(f"FullyQualifiedName={full}" for full in sorted(names)))


def name(method):
    return method.get("name").split("(")[0].split(".")[-1]


main(*sys.argv[1:])

// Where a source file can be changed, and to what: a line for each mutant, with
//
//     key  file  line  offset  length  replacement
//
// parted by tabs. The key is a hash of the file's name, the text of the line
// and the change, so it stays the same when other lines change.
//
//     sites FILE COMPILER-OPTION...
//
// The AST is libclang's (clang-c/Index.h). Code that macros bring is left out.

#include <algorithm>
#include <clang-c/Index.h>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <openssl/evp.h>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Change {
    unsigned offset;
    unsigned length;
    std::string replacement;

    auto operator<=>(const Change&) const = default;  // NOLINT(*-nullptr)
};

struct Range {
    unsigned begin;
    unsigned end;
};

std::string text_of(CXString string) {
    std::string text = clang_getCString(string);
    clang_disposeString(string);
    return text;
}

// The other side of what somebody may have confused.
const std::map<std::string, std::string> swapped{
    {"<", "<="},  {"<=", "<"},  {">", ">="},  {">=", ">"},  {"==", "!="},
    {"!=", "=="}, {"&&", "||"}, {"||", "&&"}, {"+", "-"},   {"-", "+"},
    {"*", "/"},   {"/", "*"},   {"&", "|"},   {"|", "&"},   {"<<", ">>"},
    {">>", "<<"}, {"+=", "-="}, {"-=", "+="}, {"++", "--"}, {"--", "++"},
    {"!", ""}};

class Finder {
  public:
    Finder(CXTranslationUnit unit, const std::string& name,
           const std::string& text)
        : unit_(unit), file_(clang_getFile(unit, name.c_str())), text_(text) {}

    std::set<Change> find() {
        visit(clang_getTranslationUnitCursor(unit_));
        return changes_;
    }

  private:
    // Empty when it is in another file, or a macro's.
    bool range_of(CXCursor cursor, Range& range) const {
        const auto extent = clang_getCursorExtent(cursor);
        return offset_of(clang_getRangeStart(extent), range.begin) &&
               offset_of(clang_getRangeEnd(extent), range.end);
    }

    bool offset_of(CXSourceLocation at, unsigned& offset) const {
        CXFile spelled{};
        CXFile expanded{};
        unsigned where = 0;
        clang_getSpellingLocation(at, &spelled, nullptr, nullptr, &offset);
        clang_getExpansionLocation(at, &expanded, nullptr, nullptr, &where);
        return clang_File_isEqual(expanded, file_) != 0 && where == offset &&
               clang_File_isEqual(spelled, file_) != 0;
    }

    static std::vector<CXCursor> children(CXCursor cursor) {
        std::vector<CXCursor> all;
        clang_visitChildren(
            cursor,
            [](CXCursor child, CXCursor, CXClientData data) {
                static_cast<std::vector<CXCursor>*>(data)->push_back(child);
                return CXChildVisit_Continue;
            },
            &all);
        return all;
    }

    void visit(CXCursor cursor) {
        const bool is_body = cursor.kind == CXCursor_CompoundStmt;
        depth_ += is_body ? 1 : 0;
        if (depth_ > 0) {
            change(cursor);
        }
        for (const auto& child : children(cursor)) {
            visit(child);
        }
        depth_ -= is_body ? 1 : 0;
    }

    void change(CXCursor cursor) {
        switch (cursor.kind) {
        case CXCursor_BinaryOperator:
        case CXCursor_CompoundAssignOperator:
        case CXCursor_CallExpr:  // an operator of a class
            change_operator(cursor);
            break;
        case CXCursor_UnaryOperator:
            change_sign(cursor);
            break;
        case CXCursor_CXXBoolLiteralExpr:
            change_literal(cursor);
            break;
        case CXCursor_IfStmt:
        case CXCursor_WhileStmt:
        case CXCursor_ConditionalOperator:
            change_condition(cursor);
            break;
        case CXCursor_CompoundStmt:
            leave_out_calls(cursor);
            break;
        default:
            break;
        }
    }

    void change_operator(CXCursor cursor) {
        const auto sides = children(cursor);
        const std::string name = text_of(clang_getCursorSpelling(cursor));
        const bool is_call = cursor.kind == CXCursor_CallExpr;
        if (name == "operator<<" || name == "operator>>") {
            return;  // of streams
        }
        Range left{};
        if (sides.empty() || !range_of(sides.front(), left) ||
            (is_call && !name.starts_with("operator"))) {
            return;
        }
        swap_first(cursor, left.end);
    }

    void change_sign(CXCursor cursor) {
        Range range{};
        if (range_of(cursor, range)) {
            swap_first(cursor, range.begin);
        }
    }

    // The first token at or behind an offset, if it is an operator.
    void swap_first(CXCursor cursor, unsigned from) {
        CXToken* tokens = nullptr;
        unsigned count = 0;
        clang_tokenize(unit_, clang_getCursorExtent(cursor), &tokens, &count);
        for (unsigned i = 0; i < count; ++i) {
            unsigned offset = 0;
            if (!offset_of(clang_getTokenLocation(unit_, tokens[i]), offset) ||
                offset < from) {
                continue;
            }
            const auto token =
                text_of(clang_getTokenSpelling(unit_, tokens[i]));
            if (const auto found = swapped.find(token);
                found != swapped.end()) {
                add(offset, static_cast<unsigned>(token.size()), found->second);
            }
            break;
        }
        clang_disposeTokens(unit_, tokens, count);
    }

    void change_literal(CXCursor cursor) {
        Range range{};
        if (range_of(cursor, range)) {
            const bool is_true = range.end - range.begin == 4;
            add(range.begin, range.end - range.begin,
                is_true ? "false" : "true");
        }
    }

    // One that is no operator, for these are changed as such.
    void change_condition(CXCursor cursor) {
        for (const auto& child : children(cursor)) {
            Range range{};
            if (child.kind == CXCursor_VarDecl) {
                return;
            }
            if (child.kind == CXCursor_DeclStmt) {
                continue;
            }
            if (!is_operator(child) && range_of(child, range)) {
                const auto length = range.end - range.begin;
                add(range.begin, length,
                    "!(" + text_.substr(range.begin, length) + ")");
            }
            return;
        }
    }

    static bool is_operator(CXCursor expression) {
        const auto inner = children(expression);
        switch (expression.kind) {
        case CXCursor_UnexposedExpr:  // a conversion, or temporaries go
            return inner.size() == 1 && is_operator(inner.front());
        case CXCursor_CallExpr:
            return text_of(clang_getCursorSpelling(expression))
                .starts_with("operator");
        default:
            return expression.kind == CXCursor_BinaryOperator ||
                   expression.kind == CXCursor_UnaryOperator;
        }
    }

    void leave_out_calls(CXCursor body) {
        for (const auto& statement : children(body)) {
            Range range{};
            if (is_call(statement) && range_of(statement, range)) {
                add(range.begin, range.end - range.begin, "(void)0");
            }
        }
    }

    static bool is_call(CXCursor statement) {
        if (statement.kind == CXCursor_UnexposedExpr) {
            const auto inner = children(statement);
            return inner.size() == 1 && is_call(inner.front());
        }
        return statement.kind == CXCursor_CallExpr && !is_operator(statement);
    }

    void add(unsigned offset, unsigned length, const std::string& replacement) {
        changes_.insert({offset, length, replacement});
    }

    CXTranslationUnit unit_;
    CXFile file_;
    const std::string& text_;
    std::set<Change> changes_;
    int depth_ = 0;
};

std::string hash_of(const std::string& text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(),
               nullptr);
    std::string hex;
    for (int i = 0; i < 6; ++i) {
        char byte[3];
        std::snprintf(byte, sizeof byte, "%02x", digest[i]);
        hex += byte;
    }
    return hex;
}

std::string line_at(const std::string& text, unsigned offset) {
    const auto begin = text.rfind('\n', offset) + 1;
    return text.substr(begin, text.find('\n', offset) - begin);
}

// In one line, as tables and shells have it.
std::string flat(const std::string& text) {
    std::istringstream words(text);
    std::string flat;
    for (std::string word; words >> word;) {
        flat += (flat.empty() ? "" : " ") + word;
    }
    return flat;
}

// A line for each change; `name` is the file's.
void print(const std::set<Change>& changes, const std::string& name,
           const std::string& text) {
    std::map<std::string, int> seen;  // of equal changes in equal lines
    for (const auto& [offset, length, replacement] : changes) {
        const auto change = name + '\t' + flat(line_at(text, offset)) + '\t' +
                            flat(text.substr(offset, length)) + '\t' +
                            flat(replacement);
        const auto key =
            hash_of(change + '\t' + std::to_string(seen[change]++));
        const auto line =
            1 + std::count(text.begin(), text.begin() + offset, '\n');
        std::cout << key << '\t' << name << '\t' << line << '\t' << offset
                  << '\t' << length << '\t' << flat(replacement) << '\n';
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: sites FILE COMPILER-OPTION...\n";
        return 2;
    }

    const std::string name = argv[1];
    std::ifstream file(name);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    CXIndex index = clang_createIndex(0, 0);
    CXTranslationUnit unit = nullptr;
    if (clang_parseTranslationUnit2(index, name.c_str(), argv + 2, argc - 2,
                                    nullptr, 0, CXTranslationUnit_None,
                                    &unit) != CXError_Success) {
        std::cerr << "sites: cannot parse " << name << "\n";
        return 1;
    }
    print(Finder(unit, name, text).find(), name, text);
    clang_disposeTranslationUnit(unit);
    clang_disposeIndex(index);
    return 0;
}

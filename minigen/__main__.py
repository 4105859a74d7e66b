"""python -m minigen: what is in the package, and the commands."""

import minigen

if __name__ == "__main__":
    print(minigen.__doc__)
